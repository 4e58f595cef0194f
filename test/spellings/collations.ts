import type { Strings } from './suite.ts'

const SKU = '"catalog products"'

function postgres(collation: string, definition: string, pairs: Strings['pairs']): Strings {
  const make = definition ? `CREATE COLLATION ${collation} (provider = icu, ${definition});` : ''
  return {
    collation,
    alter: `${make}
      ALTER TABLE "Part" DROP CONSTRAINT "Part_productSku_fkey";
      ALTER TABLE ${SKU} ALTER COLUMN sku TYPE text COLLATE ${collation};
      ALTER TABLE "Part" ALTER COLUMN "productSku" TYPE text COLLATE ${collation};
      ALTER TABLE "Part" ADD FOREIGN KEY ("productSku") REFERENCES ${SKU} (sku) ON DELETE CASCADE ON UPDATE CASCADE`,
    pairs,
  }
}

const loose = "locale = 'und-u-ks-level1-ka-shifted-kn-true', deterministic = false"

export const ON_POSTGRESQL: readonly Strings[] = [
  {
    collation: 'the default',
    alter: '',
    pairs: [
      ['Ada', 'ada'],
      ['é', 'e\u0301'],
      ['a ', 'a'],
    ],
  },
  postgres('loose', loose, [
    ['Jørgen', 'jorgen'],
    ['ægir', 'AEGIR'],
    ['カナ', 'かな'],
    ['007', '7'],
    ['co-op', 'coop'],
    ['1-07', '107'],
    ['straße', 'STRASSE'],
  ]),
  postgres('lithuanian', "locale = 'lt-u-ks-level1', deterministic = false", [['yla', 'ila']]),
  postgres('hungarian', "locale = 'hu-u-ks-level1', deterministic = false", [['ccs', 'cscs']]),
]

function mariadb(collation: string, pairs: Strings['pairs']): Strings {
  const character = `VARCHAR(191) CHARACTER SET utf8mb4 COLLATE ${collation} NOT NULL`
  return {
    collation,
    alter: `ALTER TABLE "Part" DROP FOREIGN KEY "Part_productSku_fkey";
      ALTER TABLE ${SKU} MODIFY sku ${character}; ALTER TABLE "Part" MODIFY "productSku" ${character};
      ALTER TABLE "Part" ADD FOREIGN KEY ("productSku") REFERENCES ${SKU} (sku) ON DELETE CASCADE ON UPDATE CASCADE`,
    pairs,
  }
}

export const ON_MARIADB: readonly Strings[] = [
  mariadb('utf8mb4_unicode_ci', [
    ['Ada@Example.test', 'ada@example.TEST'],
    ['été', 'ETE'],
    ['a ', 'a'],
    ['straße', 'strasse'],
    ['clh3am', 'CLH3AM'],
  ]),
  mariadb('utf8mb4_general_ci', [
    ['straße', 'strase'],
    ['É', 'e'],
  ]),
  mariadb('utf8mb4_uca1400_ai_ci', [
    ['æ', 'AE'],
    ['カナ', 'かな'],
    ['a ', 'a'],
    ['a\u00adb', 'ab'],
  ]),
  mariadb('utf8mb4_uca1400_nopad_ai_ci', [
    ['a ', 'a'],
    ['ﬁ', 'fi'],
  ]),
  mariadb('utf8mb4_bin', [
    ['Ada', 'ada'],
    ['a ', 'a'],
    ['é', 'e'],
  ]),
  mariadb('utf8mb4_danish_ci', [['Århus', 'aarhus']]),
  mariadb('utf8mb4_german2_ci', [['Müller', 'MUELLER']]),
  mariadb('utf8mb4_lithuanian_ci', [['chyta', 'cita']]),
  mariadb('utf8mb4_roman_ci', [['iulius', 'jvlivs']]),
]

function sqlite(collation: string, type: string, pairs: Strings['pairs']): Strings {
  // SQLite changes no column: the table is made anew.
  const alter = `PRAGMA foreign_keys = OFF;
      DROP TABLE "Part"; DROP TABLE ${SKU};
      CREATE TABLE ${SKU} (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, sku ${type} NOT NULL COLLATE ${collation},
        price DECIMAL NOT NULL, stock INTEGER NOT NULL DEFAULT 0);
      CREATE UNIQUE INDEX "products_sku_key" ON ${SKU} (sku);
      CREATE TABLE "Part" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL,
        "productSku" ${type} NOT NULL COLLATE ${collation},
        FOREIGN KEY ("productSku") REFERENCES ${SKU} (sku) ON DELETE CASCADE ON UPDATE CASCADE);
      PRAGMA foreign_keys = ON;`
  return { collation: `${type} ${collation}`, alter, pairs }
}

export const ON_SQLITE: readonly Strings[] = [
  {
    collation: 'BINARY',
    alter: '',
    pairs: [
      ['Ada', 'ada'],
      ['é', 'e\u0301'],
    ],
  },
  sqlite('NOCASE', 'TEXT', [
    ['Ada', 'ADA'],
    ['Été', 'Été'],
    ['É', 'é'],
  ]),
  sqlite('RTRIM', 'TEXT', [['a  ', 'a']]),
  sqlite('BINARY', 'STRING', [
    ['007', '7'],
    ['7.0', '7'],
  ]),
]
