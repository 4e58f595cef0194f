import { readFileSync } from 'node:fs'

interface AirportRow {
  iata: string
  name: string
  city: string
  state: string
  latitude: number
  longitude: number
}

interface FlightRow {
  /** Local time, `2001/01/31 06:55`. */
  date: string
  /** Minutes. */
  delay: number
  /** Miles. */
  distance: number
  origin: string
  destination: string
}

/** 3,376 airports of the US and its territories, from the npm package `vega-datasets`. */
export function readAirports(): AirportRow[] {
  const [, ...lines] = readDataFile('airports.csv').trim().split('\n')
  return lines.map((line) => {
    const [iata, name, city, state, , latitude, longitude] = splitCsv(line) as [
      string,
      string,
      string,
      string,
      ...string[],
    ]
    return { iata, name, city, state, latitude: Number(latitude), longitude: Number(longitude) }
  })
}

/** 20,000 US flights of the first quarter of 2001, as reported to the Bureau of Transportation Statistics. */
export function readFlights(): FlightRow[] {
  return JSON.parse(readDataFile('flights-20k.json'))
}

function readDataFile(name: string): string {
  return readFileSync(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')), 'utf8')
}

function splitCsv(line: string): string[] {
  const cells = line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)
  return Array.from(cells, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
}
