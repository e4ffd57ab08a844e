/// One template line of a composed text, as it was written.
struct ComposedBlock {
  var text: [UInt8]
  /// The values in it: their number in the template, where they stand, and the line without each of them.
  var fields: [(ordinal: Int, range: Range<Int>, without: [UInt8]?)]
}

/// What became of the lines of a composed text that was edited (SEMANTICS S10): blocks that still stand keep their values; lines
/// in the place of exactly one block are its new text; blocks that are gone while nothing else changed are values taken out;
/// all else stays together as `rest`, and no value is lost.
struct MergedEdit {
  /// New text by number in the template; empty is taken out.
  private(set) var changed: [(ordinal: Int, text: [UInt8])] = []
  private(set) var rest: [UInt8] = []

  init(blocks: [ComposedBlock], edited: [[UInt8]]) {
    var lines: [[UInt8]] = []
    var owner: [Int] = []
    for (index, block) in blocks.enumerated() {
      for line in Restoration.lines(block.text) {
        lines.append(line)
        owner.append(index)
      }
    }
    let match = MergedEdit.align(lines, edited)
    // A block stands when all its lines do, one behind the other.
    var stands = [Bool](repeating: true, count: blocks.count)
    for (index, other) in match.enumerated() {
      guard let other else {
        stands[owner[index]] = false
        continue
      }
      if index > 0, owner[index - 1] == owner[index], match[index - 1].map({ $0 + 1 != other }) ?? true {
        stands[owner[index]] = false
      }
    }
    var taken = [Int?](repeating: nil, count: edited.count)
    for (index, other) in match.enumerated() where stands[owner[index]] { if let other { taken[other] = owner[index] } }
    let left = edited.indices.filter { taken[$0] == nil }
    let fallen = blocks.indices.filter { !stands[$0] }
    let text = Array(left.map { edited[$0] }.joined(separator: [0x0a]))
    if fallen.isEmpty || left.isEmpty {
      if left.isEmpty {
        for index in fallen { changed += blocks[index].fields.map { ($0.ordinal, []) } }
      } else {
        rest = text
      }
      return
    }
    if fallen.count == 1, isInPlace(left, of: fallen[0], taken), let one = MergedEdit.part(of: blocks[fallen[0]], text) {
      changed = [one]
      return
    }
    rest = text
  }

  /// The lines stand between what stood around the block.
  private func isInPlace(_ left: [Int], of block: Int, _ taken: [Int?]) -> Bool {
    guard let first = left.first, let last = left.last, last - first == left.count - 1 else { return false }
    return taken[..<first].allSatisfy { $0.map { $0 < block } ?? true } && taken[(last + 1)...].allSatisfy { $0.map { $0 > block } ?? true }
  }

  /// The one value of a line whose change alone makes it the new text.
  private static func part(of block: ComposedBlock, _ text: [UInt8]) -> (ordinal: Int, text: [UInt8])? {
    var found: [(Int, [UInt8])] = []
    for (ordinal, range, without) in block.fields {
      let (front, behind) = (block.text[..<range.lowerBound], block.text[range.upperBound...])
      if let without, without == text {
        found.append((ordinal, []))
      } else if text.count > front.count + behind.count, text.starts(with: front), text.suffix(behind.count).elementsEqual(behind) {
        found.append((ordinal, Array(text[front.count..<(text.count - behind.count)])))
      }
    }
    return found.count == 1 ? found[0] : nil
  }

  /// For each of some lines the equal one among others, in order, as many as can be.
  private static func align(_ a: [[UInt8]], _ b: [[UInt8]]) -> [Int?] {
    var match = [Int?](repeating: nil, count: a.count)
    var front = 0
    while front < min(a.count, b.count), a[front] == b[front] {
      match[front] = front
      front += 1
    }
    var (x, y) = (a.count, b.count)
    while x > front, y > front, a[x - 1] == b[y - 1] {
      x -= 1
      y -= 1
      match[x] = y
    }
    let (rows, columns) = (x - front, y - front)
    guard rows > 0, columns > 0, rows * columns <= 1 << 20 else { return match }
    var best = [Int32](repeating: 0, count: (rows + 1) * (columns + 1))
    for i in (0..<rows).reversed() {
      for j in (0..<columns).reversed() {
        best[i * (columns + 1) + j] =
          a[front + i] == b[front + j]
          ? best[(i + 1) * (columns + 1) + j + 1] + 1
          : max(best[(i + 1) * (columns + 1) + j], best[i * (columns + 1) + j + 1])
      }
    }
    var (i, j) = (0, 0)
    while i < rows, j < columns {
      if a[front + i] == b[front + j] {
        match[front + i] = front + j
        i += 1
        j += 1
      } else if best[(i + 1) * (columns + 1) + j] >= best[i * (columns + 1) + j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return match
  }
}
