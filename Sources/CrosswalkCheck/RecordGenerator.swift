import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// Records made out of a mapping file: first every field in every state, every row of its tables and every leg of its fallbacks,
/// then any number of random ones. The same mapping and seed give the same records.
///
/// A record is a list of values by the names that the mapping file uses (`MappedLeaf.name`; for the canonical side the canonical
/// fields), so that it can become a document of any format and shape.
package struct RecordGenerator {
  package enum Side: Sendable {
    /// Records of the system.
    case own
    /// Canonical records that the system is to write.
    case canonical
  }

  /// What is special about a field in a record.
  package enum State: String, Sendable, CaseIterable {
    case absent, null, empty, ordinary, long, awkward
    /// A row of a table, a spelling of a choice.
    case row
    /// A fallback: the field itself is blank.
    case leg
    /// A value that the field's kind or transform refuses.
    case wrong
  }

  package struct Made: Sendable {
    package var values: [(name: String, value: Tree)]
    /// The field that the record is about; nil for a random one.
    package var field: String?
    package var state: State?
  }

  struct Candidate {
    var state: State
    var value: Tree
    /// What stands in other fields: the country of a region.
    var others: [(name: String, value: Tree)] = []
  }

  struct Place {
    var name: String
    var field: Int
    var candidates: [Candidate]

    var ordinary: Candidate? { candidates.first { $0.state == .ordinary } }
  }

  package let side: Side
  let system: System
  let model: CanonicalModel
  let tables: Tables
  /// A table with more rows gives so many of them, evenly.
  let rows: Int
  let hasContainers: Bool
  let hasKinds: Bool
  private(set) var places: [Place] = []

  /// - format: values are of kinds that it has.
  package init(
    _ system: System, side: Side, format: Format, model: CanonicalModel, tables: Tables, rows: Int = Int.max
  ) {
    self.side = side
    self.system = system
    self.model = model
    self.tables = tables
    self.rows = max(rows, 1)
    hasContainers = format.isJSON
    hasKinds = format.isJSON || side == .canonical
    for index in system.fields.indices { addPlaces(of: index) }
  }

  // MARK: - Records

  /// One field in one state, the others as usual, and once more with the others left out.
  package var systematic: [Made] { systematic(of: Set(system.fields.indices)) }

  /// The same for some of the fields, by their index.
  package func systematic(of fields: Set<Int>) -> [Made] {
    var made: [Made] = [Made(values: [])]
    let usual = usual
    made.append(Made(values: usual))
    for place in places where fields.contains(place.field) {
      for candidate in place.candidates where candidate.state != .absent {
        made.append(Made(values: RecordGenerator.merge([], candidate, at: place.name), field: place.name, state: candidate.state))
        guard candidate.state != .row else { continue }
        made.append(Made(values: RecordGenerator.merge(usual, candidate, at: place.name), field: place.name, state: candidate.state))
      }
      made.append(Made(values: usual.filter { $0.name != place.name }, field: place.name, state: .absent))
      for leg in legs(of: place) {
        let own = Set(meanings(system.fields[place.field]))
        made.append(Made(values: usual.filter { !own.contains($0.name) }, field: place.name, state: .leg))
        made.append(Made(values: usual.filter { leg.contains($0.name) }, field: place.name, state: .leg))
      }
    }
    return made
  }

  package func random(using random: inout SeededRandom) -> Made {
    // A record full of something, and one with little.
    let density = [1, 2, 5][Int(random.next() % 3)]
    var values: [(name: String, value: Tree)] = []
    for place in places where Int(random.next() % 6) < density && !place.candidates.isEmpty {
      let candidate = place.candidates[Int(random.next() % UInt64(place.candidates.count))]
      // Any value anywhere, now and then.
      if random.next() % 8 == 0, let other = places[Int(random.next() % UInt64(places.count))].ordinary {
        values.append((place.name, other.value))
      } else if candidate.state != .absent {
        values = RecordGenerator.merge(values, candidate, at: place.name)
      }
    }
    return Made(values: values)
  }

  /// Every field with its ordinary value.
  private var usual: [(name: String, value: Tree)] {
    places.reduce(into: []) { values, place in
      if let ordinary = place.ordinary, !values.contains(where: { $0.name == place.name }) {
        values = RecordGenerator.merge(values, ordinary, at: place.name)
      }
    }
  }

  private static func merge(
    _ values: [(name: String, value: Tree)], _ candidate: Candidate, at name: String
  ) -> [(name: String, value: Tree)] {
    var values = values
    for (name, value) in candidate.others + [(name, candidate.value)] {
      if let index = values.firstIndex(where: { $0.name == name }) {
        values[index].value = value
      } else {
        values.append((name, value))
      }
    }
    return values
  }

  /// The canonical fields of each fallback.
  private func legs(of place: Place) -> [[String]] {
    guard side == .canonical else { return [] }
    return system.fields[place.field].fallbacks.map { fallback in
      switch fallback {
      case .canonical(let name): [name]
      case .compose(let lines, _): RecordGenerator.names(in: lines)
      }
    }
  }

  /// The fields in the lines of `compose`.
  static func names(in lines: [String]) -> [String] {
    lines.flatMap { line in
      line.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { piece in
        piece.firstIndex(of: "}").map { String(piece[..<$0]) }
      }
    }
  }

  // MARK: - Places

  private func meanings(_ field: Field) -> [String] {
    switch field.meaning {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }

  private mutating func addPlaces(of index: Int) {
    let field = system.fields[index]
    switch side {
    case .own:
      var names = [field.name] + field.furtherLines
      if let join = field.transforms.first(where: { $0.name == "join" }), let members = join.argument?["of"]?.items?.compactMap(\.text) {
        names = members.map { PathStep.text(field.path + [.name($0)]) }
      }
      for name in names { places.append(Place(name: name, field: index, candidates: candidates(of: field, type: field.type))) }
    case .canonical:
      var names = meanings(field)
      if case .parts(let parts) = field.meaning { names = parts.filter { $0.part == "code" }.map(\.canonical) }
      for name in names { addCanonical(name, index, candidates(of: field, type: model[name]?.type ?? .text)) }
      // What only a fallback takes is a value like any.
      for fallback in field.fallbacks {
        let further: [String]
        switch fallback {
        case .canonical(let name): further = [name]
        case .compose(let lines, let rest): further = RecordGenerator.names(in: lines) + (rest.map { [$0] } ?? [])
        }
        for name in further { addCanonical(name, index, plain(model[name]?.type ?? .text)) }
      }
    }
  }

  private mutating func addCanonical(_ name: String, _ field: Int, _ candidates: [Candidate]) {
    guard model.contains(name) else { return }
    if let known = places.firstIndex(where: { $0.name == name }) {
      // The field that is written from it says best what it may be.
      guard meanings(system.fields[field]).contains(name), !meanings(system.fields[places[known].field]).contains(name) else { return }
      places[known].field = field
      places[known].candidates = candidates
    } else {
      places.append(Place(name: name, field: field, candidates: candidates))
    }
  }
}
