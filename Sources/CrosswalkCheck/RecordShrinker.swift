package import CrosswalkModel

/// Finds the smallest record of a kind: leaves values out, then makes them shorter and plainer, as long as the record stays one of
/// that kind.
package enum RecordShrinker {
  /// Records that are tried at most.
  private static let limit = 2_000

  /// - keepsValues: values are only left out.
  package static func smallest(
    _ values: [(name: String, value: Tree)], keepsValues: Bool = false, where isOne: ([(name: String, value: Tree)]) -> Bool
  ) -> [(name: String, value: Tree)] {
    var values = values
    var tried = 0
    func take(_ candidate: [(name: String, value: Tree)]) -> Bool {
      tried += 1
      guard tried <= limit, isOne(candidate) else { return false }
      values = candidate
      return true
    }

    // Half of the values, a quarter, … and at last one by one, until none can go.
    var size = max(values.count / 2, 1)
    while true {
      var start = 0
      var hasChanged = false
      while start < values.count {
        var candidate = values
        candidate.removeSubrange(start..<min(start + size, values.count))
        if take(candidate) { hasChanged = true } else { start += size }
      }
      if size > 1 { size /= 2 } else if !hasChanged { break }
    }

    var hasChanged = !keepsValues
    while hasChanged, tried < limit {
      hasChanged = false
      for index in values.indices {
        for shorter in RecordShrinker.shorter(values[index].value) {
          var candidate = values
          candidate[index].value = shorter
          if take(candidate) {
            hasChanged = true
            break
          }
        }
      }
    }
    return values
  }

  /// Plainer values, the plainest first; each smaller than the value, so that it comes to an end.
  private static func shorter(_ value: Tree) -> [Tree] {
    switch value {
    case .null, .bool: return []
    case .number(let characters): return characters.count > 1 ? [.number("0"), .number("7")] : []
    case .object(let members): return members.isEmpty ? [] : [.object([])]
    case .array(let items): return items.isEmpty ? [] : [.array([])]
    case .text(let text):
      guard let string = String(validating: text, as: UTF8.self) else { return [] }
      let scalars = Array(string.unicodeScalars)
      guard !scalars.isEmpty else { return [] }
      func made(_ scalars: some Sequence<Unicode.Scalar>) -> Tree {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return .text(String(view))
      }
      var candidates: [Tree] = [.text("")]
      if scalars.count > 1 { candidates += [.text("a"), made(scalars.prefix(scalars.count / 2)), made(scalars.suffix(scalars.count / 2))] }
      guard scalars.count <= 64 else { return candidates }
      for index in scalars.indices where scalars.count > 1 { candidates.append(made(scalars[..<index] + scalars[(index + 1)...])) }
      return candidates
    }
  }
}
