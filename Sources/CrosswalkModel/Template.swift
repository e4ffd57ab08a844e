/// A shape, or a reply, as a system's file writes it: a literal envelope with the record's place in it.
///
/// `{ response: { result: [$record], status: 0 } }`, `[ { client: $record } ]`, `{ "*": [$record] }`. In XML members are
/// child elements and `@x` attributes. A member named `*` stands for any name.
package indirect enum Template: Sendable, Equatable {
  /// `$record` alone.
  case record
  /// A list of one template: `[$record]` or `[ { client: $record } ]`.
  case list(Template)
  case object([Member])
  /// `$code`, `$message`, `$id`.
  case bind(String)
  case literal(Tree)

  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: Template

    package init(_ name: String, _ value: Template) {
      self.name = name
      self.value = value
    }
  }

  /// Whether there is anything around the records but names.
  package var hasLiterals: Bool {
    switch self {
    case .record, .bind: false
    case .literal: true
    case .list(let inner): inner.hasLiterals
    case .object(let members): members.contains { $0.value.hasLiterals }
    }
  }

  /// The way from the document's root to its records.
  package var recordPath: RecordPath? {
    switch self {
    case .record: RecordPath(steps: [])
    case .bind, .literal: nil
    case .list(let inner): inner.recordPath.map { RecordPath(steps: [.elements] + $0.steps) }
    case .object(let members):
      members.lazy.compactMap { member in
        member.value.recordPath.map { RecordPath(steps: [member.name == "*" ? .anyName : .name(member.name)] + $0.steps) }
      }.first
    }
  }
}

/// The steps from a document's root to its records. `elements` is "each element of the list" (in XML: the repeated element
/// named by the step before it).
package struct RecordPath: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case name(String)
    case anyName
    case elements
  }

  package var steps: [Step]

  package init(steps: [Step]) { self.steps = steps }

  /// Whether a document holds any number of records, not just one.
  package var isRepeated: Bool { steps.contains(.elements) }

  /// From an element of the list to its record: what a line of NDJSON has around a record. The whole path where there is no list.
  package var inElement: RecordPath { isRepeated ? RecordPath(steps: Array(steps.drop { $0 != .elements }.dropFirst())) : self }

  /// The path, where it is one of names alone.
  package var names: [String]? {
    var names: [String] = []
    for step in steps { if case .name(let name) = step { names.append(name) } else { return nil } }
    return names
  }
}
