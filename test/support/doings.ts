import type { Provider } from './provider.ts'

/** On PostgreSQL. The view is not in Prisma's DDL: to Prisma it is there already. */
export const AUTHOR_STATS = `CREATE VIEW "AuthorStats" AS
  SELECT u.id, count(p.id)::int AS posts FROM users u LEFT JOIN "Post" p ON p."authorId" = u.id GROUP BY u.id`

const total = (type: string) => `DROP TABLE "Total";
  CREATE VIEW "Total" AS SELECT a.id, a.handle, count(e.id)${type} AS entries, coalesce(sum(e.amount), 0)${type} AS amount
    FROM "Account" a LEFT JOIN "Entry" e ON e."accountId" = a.id GROUP BY a.id, a.handle;`

const moves = (row: 'NEW' | 'OLD') => `UPDATE "Account" SET moves = moves + 1 WHERE id = ${row}."accountId";`

/**
 * What a database does by itself, to tables that no other test writes. Of an account, `doubled` is computed, `label` is set
 * by a trigger, `moves` counts what is written to its entries, and `touchedAt` changes with every update (not on SQLite).
 * Its texts are equal to others in capitals, or with accents (not on SQLite). `Total` is a view.
 */
export const DOINGS: Readonly<Record<Provider, string>> = {
  sqlite: `
    DROP TABLE "Entry"; DROP TABLE "Account";
    CREATE TABLE "Account" (
      id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
      handle TEXT NOT NULL COLLATE NOCASE UNIQUE,
      nickname TEXT COLLATE NOCASE,
      points INTEGER NOT NULL DEFAULT 0,
      doubled INTEGER GENERATED ALWAYS AS (points * 2) VIRTUAL,
      label TEXT,
      moves INTEGER NOT NULL DEFAULT 0,
      "touchedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
    );
    CREATE TABLE "Entry" (
      id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
      amount INTEGER NOT NULL,
      "accountId" INTEGER NOT NULL REFERENCES "Account" (id) ON DELETE CASCADE ON UPDATE CASCADE
    );
    CREATE TRIGGER account_created AFTER INSERT ON "Account" BEGIN
      UPDATE "Account" SET label = 'p' || points WHERE id = NEW.id; END;
    CREATE TRIGGER account_updated AFTER UPDATE OF points, label ON "Account" BEGIN
      UPDATE "Account" SET label = 'p' || points WHERE id = NEW.id; END;
    CREATE TRIGGER entry_created AFTER INSERT ON "Entry" BEGIN ${moves('NEW')} END;
    CREATE TRIGGER entry_updated AFTER UPDATE ON "Entry" BEGIN ${moves('NEW')} END;
    CREATE TRIGGER entry_deleted AFTER DELETE ON "Entry" BEGIN ${moves('OLD')} END;
    ${total('')}`,
  postgresql: `
    CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
    ALTER TABLE "Account" ALTER handle TYPE text COLLATE folded, ALTER nickname TYPE text COLLATE folded,
      DROP COLUMN doubled, ADD COLUMN doubled INTEGER GENERATED ALWAYS AS (points * 2) STORED;
    CREATE FUNCTION account_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      NEW.label := 'p' || NEW.points; NEW."touchedAt" := clock_timestamp(); RETURN NEW; END $$;
    CREATE TRIGGER account_written BEFORE INSERT OR UPDATE ON "Account" FOR EACH ROW EXECUTE FUNCTION account_written();
    CREATE FUNCTION entry_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_OP = 'DELETE' THEN ${moves('OLD')} ELSE ${moves('NEW')} END IF; RETURN NULL; END $$;
    CREATE TRIGGER entry_written AFTER INSERT OR UPDATE OR DELETE ON "Entry"
      FOR EACH ROW EXECUTE FUNCTION entry_written();
    ${total('::int')}`,
  // Texts of all tables are compared by utf8mb4_unicode_ci.
  mysql: `
    ALTER TABLE "Account" DROP COLUMN doubled, ADD COLUMN doubled INTEGER GENERATED ALWAYS AS (points * 2) VIRTUAL,
      MODIFY "touchedAt" DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3);
    CREATE TRIGGER account_created BEFORE INSERT ON "Account" FOR EACH ROW SET NEW.label = CONCAT('p', NEW.points);
    CREATE TRIGGER account_updated BEFORE UPDATE ON "Account" FOR EACH ROW SET NEW.label = CONCAT('p', NEW.points);
    CREATE TRIGGER entry_created AFTER INSERT ON "Entry" FOR EACH ROW ${moves('NEW')}
    CREATE TRIGGER entry_updated AFTER UPDATE ON "Entry" FOR EACH ROW ${moves('NEW')}
    CREATE TRIGGER entry_deleted AFTER DELETE ON "Entry" FOR EACH ROW ${moves('OLD')}
    ${total('')}`,
}
