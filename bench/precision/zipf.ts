/**
 * Numbers 1 to `count`, the one at rank r as often as 1/r^skew. Which number has which rank is by chance: neighbours in
 * a table are not alike hot.
 */
export function zipf(count: number, skew: number, random: () => number): () => number {
  const numbers = shuffled(count, random)
  const upTo: number[] = []
  let sum = 0
  for (let rank = 1; rank <= count; rank += 1) upTo.push((sum += rank ** -skew))
  return () => {
    const at = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > at) high = middle
      else low = middle + 1
    }
    return numbers[low] as number
  }
}

function shuffled(count: number, random: () => number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1))
    ;[numbers[i], numbers[j]] = [numbers[j] as number, numbers[i] as number]
  }
  return numbers
}
