/// The accepted name nearest to a mistyped one, or nil when none is near: at most a third of its letters differ, case aside.
package func nearestName(to word: String, among names: some Sequence<String>) -> String? {
  let wanted = Array(word.lowercased().unicodeScalars)
  var best: (name: String, distance: Int)?
  for name in names {
    let candidate = Array(name.lowercased().unicodeScalars)
    let distance = editDistance(wanted, candidate)
    let isPart = wanted.count >= 3 && (name.lowercased().hasPrefix(word.lowercased()))
    guard isPart || distance <= max(1, max(wanted.count, candidate.count) / 3) else { continue }
    let rank = isPart ? min(distance, 1) : distance
    if best == nil || rank < best!.distance { best = (name, rank) }
  }
  return best?.name
}

/// "did you mean `x`?", or nothing; for the end of a help line.
package func nearestNameHelp(_ word: String, among names: some Sequence<String>) -> String? {
  nearestName(to: word, among: names).map { "did you mean `\($0)`?" }
}

/// How near a name is to a word, 0 the nearest; nil when it is not: one begins with the other, or at most a third of the letters differ.
package func nearness(of name: String, to word: String) -> Int? {
  let (name, word) = (name.lowercased(), word.lowercased())
  guard !name.isEmpty, !word.isEmpty else { return nil }
  let wanted = Array(word.unicodeScalars), candidate = Array(name.unicodeScalars)
  if candidate.starts(with: wanted) { return 1 }
  // A long text is no name.
  guard wanted.count <= 100 else { return nil }
  let distance = editDistance(wanted, candidate)
  guard wanted.count > 2, distance <= max(wanted.count, candidate.count) / 3 else { return nil }
  return distance
}

/// Damerau's distance (insert, delete, replace, swap neighbours).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
