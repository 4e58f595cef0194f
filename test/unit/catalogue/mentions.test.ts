import { describe, expect, it } from 'vitest'
import { assignedColumns, mentions } from '../../../src/catalogue/mentions.ts'

const names = { relations: ['users', 'catalog products', 'Post'], routines: ['add_view'] }
const named = (text: string) => [...mentions(text, names).relations]

describe('what a body mentions', () => {
  it('is every table it names, however it is spelt', () => {
    expect(named('UPDATE public."Post" SET x = 1')).toEqual(['Post'])
    expect(named('update post set x = 1')).toEqual(['Post'])
    expect(named('DELETE FROM "catalog products"')).toEqual(['catalog products'])
    expect(named('SELECT 1 -- of users\n')).toEqual([])
    expect(named('UPDATE "PostTag" SET users_id = 1')).toEqual([])
  })

  it('is what it may do to rows', () => {
    const kinds = (text: string) => mentions(text, names).kinds
    expect(kinds('SELECT * FROM users')).toEqual([])
    expect(kinds('INSERT INTO users VALUES (1) ON CONFLICT DO UPDATE SET x = 1')).toEqual(['created', 'updated'])
    expect(kinds('TRUNCATE users')).toEqual(['deleted'])
    expect(kinds('MERGE INTO users USING x')).toEqual(['created', 'updated', 'deleted'])
  })

  it('is that it makes up statements, and which routines it calls', () => {
    expect(mentions("EXECUTE 'DEL' || 'ETE'", names).isDynamic).toBe(true)
    expect(mentions("PERFORM dblink_exec('x')", names).isDynamic).toBe(true)
    expect([...mentions('PERFORM add_view(1)', names).routines]).toEqual(['add_view'])
  })
})

describe('the columns a body may assign', () => {
  it.each([
    ['NEW.slug := lower(NEW.title); RETURN NEW;', ['slug', 'title']],
    ['SET new.`fullName` = 1', ['fullname']],
    ['NEW."fullName" = now(); return new;', ['fullname']],
    ['SELECT 1 INTO NEW.x; RETURN NEW;', ['x']],
    ['IF true THEN RETURN NULL; END IF; RETURN OLD;', []],
  ])('are those it names: %s', (body, columns) => {
    expect([...(assignedColumns(body) ?? ['any'])]).toEqual(columns)
  })

  it.each([
    'NEW := NEW #= hstore(x); RETURN NEW;',
    'SELECT * INTO NEW FROM x; RETURN NEW;',
    'r := NEW; r.x := 1; RETURN r;',
    'RETURN jsonb_populate_record(OLD, x);',
  ])('are any where it hands the row on: %s', (body) => {
    expect(assignedColumns(body)).toBeUndefined()
  })
})
