-- What the demo serves. First the table sample: mountain huts. Names, countries, altitudes
-- and positions are real (rounded); most of the rest is made up.
-- Statements end with a semicolon at the end of a line, and only there.
-- Every kind of value that readapi has a rule for is here once at least.

CREATE TABLE sample (
  id            BIGINT NOT NULL PRIMARY KEY,  -- the last is beyond 2^53
  name          VARCHAR(80) NOT NULL,
  country       CHAR(2) NOT NULL,
  kind          ENUM('hut', 'lodge', 'bivouac'),
  services      SET('meals', 'showers', 'wifi', 'cards', 'dogs'),
  altitude_m    SMALLINT UNSIGNED NOT NULL,
  latitude      DOUBLE NOT NULL,
  longitude     DOUBLE NOT NULL,
  beds          SMALLINT UNSIGNED,
  price         DECIMAL(10,2),                -- euros a night; NULL: ask
  wardened      TINYINT(1) NOT NULL,
  open_days     BIT(7) NOT NULL,              -- Monday is the highest bit
  built         YEAR,                         -- YEAR begins with 1901
  opens_on      DATE,
  supper_at     TIME,
  inspected_at  DATETIME(3),                  -- wall clock of the hut
  updated_at    TIMESTAMP NOT NULL,           -- an instant
  register_key  VARBINARY(8) NOT NULL,
  shutters      BLOB,                         -- a GIF of one pixel
  details       JSON,
  notes         TEXT
);

INSERT INTO sample VALUES
  (1, 'Rifugio Lagazuoi', 'IT', 'hut', 'meals,showers,wifi,cards',
    2752, 46.5278, 12.0083, 74, 42.00, 1, b'1111111', 1965, '2025-06-14', '18:30:00',
    '2025-06-02 09:12:45.318', '2025-09-21 16:40:05', x'00A1F3',
    x'47494638396101000100800000B222220000002C00000000010001000002024401003B',
    '{"phone": "+39 0000 112233", "routes": [{"from": "Passo Falzarego", "hours": 1.75}, {"from": "cable car", "hours": 0.05}]}',
    'Sauna with a view of the Marmolada 🧖.'),
  (2, 'Capanna Regina Margherita', 'IT', 'hut', 'meals,wifi,cards',
    4554, 45.9272, 7.8769, 70, 110.00, 1, b'1111111', 1980, '2025-06-21', '18:00:00',
    '2025-06-19 11:03:20.007', '2025-09-14 06:15:59', x'00A1F4',
    x'474946383961010001008000001E4D8C0000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Rifugio Gnifetti", "hours": 4.5, "glacier": true}], "laboratory": {"since": 1894, "subjects": ["physiology", "weather"]}}',
    'The highest building in Europe. Bring a head for heights & a warm hat.'),
  (3, 'Refuge du Goûter', 'FR', 'hut', 'meals,cards',
    3835, 45.851, 6.8306, 120, 95.50, 1, b'1111111', 2013, '2025-05-30', '18:15:00',
    '2025-05-27 14:55:01.942', '2025-10-01 08:00:00', x'00B20C',
    x'47494638396101000100800000C0C0C00000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Nid d''Aigle", "hours": 6}], "booking": {"required": true, "opens": "2025-03-18"}}',
    'Réservation obligatoire : sans réservation, pas de nuit.'),
  (4, 'Chata pod Rysmi', 'SK', 'hut', 'meals',
    2250, 49.1783, 20.0867, 14, 28.00, 1, b'1111111', 1933, '2025-06-16', '17:30:00',
    '2025-06-10 07:41:33.251', '2025-10-30 19:22:41', x'00C733',
    x'47494638396101000100800000FFD7000000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Štrbské Pleso", "hours": 4.25}], "supplies": {"by": "porters", "kilograms_per_trip": [40, 60, 85]}}',
    'Everything is carried up on backs. Take a load from the shed below and your tea is free ☕.'),
  (5, 'Schronisko w Dolinie Pięciu Stawów', 'PL', 'hut', 'meals,showers',
    1671, 49.2136, 20.0494, 67, 24.50, 1, b'1111111', 1954, NULL, '19:00:00',
    '2025-04-08 12:30:00.125', '2025-11-02 10:10:10', x'00C9D1',
    x'474946383961010001008000002E8B570000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Palenica Białczańska", "hours": 3}], "cake": ["szarlotka", "sernik"]}',
    'Open all year. The apple cake sells out by two.'),
  (6, 'Triglavski dom na Kredarici', 'SI', 'hut', 'meals,wifi,cards',
    2515, 46.3789, 13.8489, 140, 39.90, 1, b'1111111', NULL, '2025-06-21', '18:30:00',
    '2025-06-17 08:20:14.606', '2025-09-30 21:05:12', x'00D05A',
    x'47494638396101000100800000FFFFFF0000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Krma", "hours": 5}, {"from": "Vrata", "hours": 5.5}], "weather_station": {"since": 1954, "snow_record_m": 7}}',
    'Built in 1896, which is too early for this register: its years begin with 1901.'),
  (7, 'Gjendesheim', 'NO', 'lodge', 'meals,showers,wifi,cards,dogs',
    995, 61.4947, 8.8122, 185, 61.25, 1, b'1111111', NULL, '2025-06-06', '19:00:00',
    '2025-05-20 10:00:00.033', '2025-10-05 09:30:00', x'00E147',
    x'474946383961010001008000008B00000000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Memurubu via Besseggen", "hours": 6.5}], "boat": {"operator": null, "departures": ["07:45", "09:30", "16:05"]}}',
    'Start of the Besseggen ridge. Dogs sleep in the annexe.'),
  (8, 'Refugio de Góriz', 'ES', 'hut', 'meals,showers,cards',
    2200, 42.6635, 0.0153, 72, 21.10, 1, b'1111111', 1963, '2025-01-01', '19:30:00',
    '2025-03-03 16:45:09.871', '2025-10-12 13:00:30', x'00F0B8',
    x'47494638396101000100800000556B2F0000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Pradera de Ordesa", "hours": 4}], "camping": {"allowed": true, "from": "20:00", "to": "08:00"}}',
    'A guest once signed the hut book as <script>alert(1)</script>; we copied it out as written.'),
  (9, 'Bivacco Gervasutti', 'IT', 'bivouac', '',
    2835, 45.8792, 6.9965, 12, 0.00, 0, b'1111111', 2011, NULL, NULL,
    '2025-07-11 13:37:42.005', '2025-07-11 11:37:42', x'010102',
    x'47494638396101000100800000E342340000002C00000000010001000002024401003B',
    '{"routes": [{"from": "Val Ferret", "hours": 4, "grade": "PD"}], "solar": {"kWp": 2.5, "battery_ok": false}}',
    'A tube on a rock:\nno warden, no water, no charge.'),
  (10, '槍ヶ岳山荘', 'JP', 'lodge', 'meals,cards',
    3080, 36.3408, 137.649, 650, 88.00, 1, b'1111111', 1926, '2025-04-27', '17:00:00',
    '2025-04-24 06:30:18.459', '2025-11-03 01:00:00', x'012C77',
    x'474946383961010001008000007080900000002C00000000010001000002024401003B',
    '{"reading": "Yarigatake Sansō", "routes": [{"from": "上高地", "hours": 9.5}]}',
    '頂上まで三十分。Half an hour below the spear-shaped summit.'),
  (11, 'Mueller Hut', 'NZ', 'hut', '',
    1800, -43.7206, 170.0647, 28, NULL, 0, b'0000011', 2003, '2025-11-15', NULL,
    NULL, '2025-11-15 20:59:59', x'01503E',
    x'47494638396101000100800000DC143C0000002C00000000010001000002024401003B',
    '{"routes": [{"from": "White Horse Hill", "steps": 1800, "hours": 4}], "radio": {"channel": 3, "schedule": "19:00"}}',
    'A volunteer warden at weekends: listen for "Mueller" on the evening radio call 📻.'),
  (9007199254740993, 'Fimmvörðuskáli', 'IS', 'hut', 'showers',
    1066, 63.6167, -19.45, 20, 57.75, 0, b'1111111', 1990, '2025-06-25', NULL,
    '2025-06-24 22:10:05.777', '2025-09-01 00:00:00', x'01A2FF',
    NULL,
    NULL,
    NULL);

-- Two tables that are related: a hut stands in one region, or in none; a region
-- has huts, or none yet.

CREATE TABLE regions (
  id        INT NOT NULL PRIMARY KEY,
  name      VARCHAR(40) NOT NULL,
  highest   VARCHAR(40) NOT NULL,
  highest_m SMALLINT UNSIGNED NOT NULL
);

INSERT INTO regions VALUES
  (1, 'Dolomites', 'Marmolada', 3343),
  (2, 'Pennine Alps', 'Monte Rosa', 4634),
  (3, 'Mont Blanc', 'Mont Blanc', 4806),
  (4, 'High Tatras', 'Gerlach', 2655),
  (5, 'Jotunheimen', 'Galdhøpiggen', 2469),
  (6, 'Caucasus', 'Elbrus', 5642);

CREATE TABLE huts (
  id         INT NOT NULL PRIMARY KEY,
  name       VARCHAR(80) NOT NULL,
  region_id  INT,
  altitude_m SMALLINT UNSIGNED NOT NULL,
  price      DECIMAL(10,2),
  CONSTRAINT huts_region FOREIGN KEY (region_id) REFERENCES regions (id)
);

INSERT INTO huts VALUES
  (1, 'Rifugio Lagazuoi', 1, 2752, 42.00),
  (2, 'Capanna Regina Margherita', 2, 4554, 110.00),
  (3, 'Refuge du Goûter', 3, 3835, 95.50),
  (4, 'Bivacco Gervasutti', 3, 2835, 0.00),
  (5, 'Chata pod Rysmi', 4, 2250, 28.00),
  (6, 'Schronisko w Dolinie Pięciu Stawów', 4, 1671, 24.50),
  (7, 'Gjendesheim', 5, 995, 61.25),
  (8, 'Mueller Hut', NULL, 1800, NULL);
