/// Answers of a table that were asked for before: (what, in which row) → the answer's bytes, or that there is none.
struct LookupCache {
  private var answers: [[UInt8]: [UInt8]?] = [:]
  private let limit = 4096

  /// - key: everything that the answer depends on.
  mutating func answer(_ key: [UInt8], _ find: () -> [UInt8]?) -> [UInt8]? {
    if let known = answers[key] { return known }
    if answers.count >= limit { answers.removeAll(keepingCapacity: true) }
    let found = find()
    answers[key] = .some(found)
    return found
  }
}
