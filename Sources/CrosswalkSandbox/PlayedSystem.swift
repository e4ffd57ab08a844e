import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML
import CrosswalkRoute

/// One system as its description has it: its records, who may call, and how often. What a call does stands in the extensions.
///
/// Not for several threads at once.
final class PlayedSystem {
  struct Held {
    var id: String
    /// The place in the system's own order, and among `records`.
    var sequence: Int
    var values: RecordCodec.Record
    /// What stood in the data and has no field: no call changes it.
    var unknown: [Tree.Member] = []
    /// How often it was written.
    var version = 1
    var isDeleted = false
    /// Others depend on it, so that it may be neither deleted nor switched off.
    var isInUse = false
    /// Documents of it alone that were asked for before.
    var documents: [RecordCodec.Form: [UInt8]] = [:]
  }

  /// One way to call an operation: what a request is compared with, apart from all else that is said of the operation.
  struct Route {
    var method: String
    var path: [String]
    var when: [(name: String, value: String)]
    var operation: Int
  }

  let system: System
  let api: API
  let codec: RecordCodec
  let clock: SandboxClock
  let seed: UInt64
  var signIn: SignInCheck
  var pace: Pace
  var records: [Held] = []
  private var byId: [String: Int] = [:]
  /// Field → value, compared as `kept` says → the records that have it.
  private var byValue: [Int: [[UInt8]: Set<Int>]] = [:]
  let idLeaf: Int
  let unique: [Int]
  private var nextNumber = 1
  /// Ids and versions above are somebody else's: the system's own never come near the end of numbers.
  static let numberLimit = Int.max / 2
  /// Writes of the last while and older ones, in their order: when, and what was there before.
  private var changes: [(at: Int, sequence: Int, before: Held?)] = []
  /// How many make it worth a look whether some are old.
  private var manyChanges = 1024
  /// Leaves that a create has to have.
  let requiredLeaves: [Int]
  /// Leaves that an update has to have.
  let updateLeaves: [Int]
  /// Leaves that a body cannot set and that say again what others say: when these change, they are no longer true.
  let derivedLeaves: [(leaf: Int, bases: [Int])]
  /// What a text has to be, by leaf.
  let valueRules: [Int: API.RecordRules.ValueRule]
  /// Leaves that a body may set.
  let writableLeaves: [Shape: Set<Int>]
  /// The path of the system's own address.
  let basePath: [String]
  let routes: [Route]
  private let keptLeaves: [(leaf: Int, kept: API.RecordRules.Kept)]
  private let leafNames: [[UInt8]]
  /// Moments of the second at hand, by leaf.
  private var moments: (second: Int, texts: [Int: Tree]) = (0, [:])

  /// Throws where the system has no API, or one that cannot be played.
  init(_ system: System, options: [String: String], seed: UInt64, clock: SandboxClock) throws(Diagnostic) {
    guard let node = system.api else {
      throw Diagnostic(
        .usage, "\(system.name) has no `api:` in its system.yaml",
        help: "Mappings/README.md says how a system's calls are described")
    }
    for name in options.keys.sorted() where !(node["options"]?.entries ?? []).contains(where: { $0.key.text == name }) {
      throw Diagnostic(
        .unknownOption, "the API of \(system.name) has no option `\(name)`", help: "`crosswalk systems \(system.name)` lists them")
    }
    let (api, problems) = APILoader.load(node, of: system, options: options)
    guard let api else { throw problems[0] }
    self.system = system
    self.api = api
    self.seed = seed
    self.clock = clock
    codec = RecordCodec(system)
    signIn = SignInCheck(api, seed: seed)
    pace = Pace(api.pacing)
    let leaves = codec.leaves
    guard
      let id = leaves.indices.first(where: { index in
        guard case .canonical("id") = system.fields[leaves[index].field].meaning else { return false }
        return true
      })
    else {
      throw Diagnostic(.usage, "\(system.name) has no field that is the id", help: "one field has to be `is: id`")
    }
    idLeaf = id
    func required(_ shape: Shape) -> [Int] {
      leaves.indices.filter { index in
        let field = system.fields[leaves[index].field]
        return leaves[index].name == field.name && field.required.contains(shape)
      }
    }
    requiredLeaves = required(.create)
    updateLeaves = required(.update)
    derivedLeaves = leaves.indices.compactMap { [codec] index in
      let field = system.fields[leaves[index].field]
      guard !field.derivedFrom.isEmpty, !field.shapes.contains(.update) else { return nil }
      return (index, field.derivedFrom.compactMap { codec.index(of: $0) })
    }
    valueRules = Dictionary(uniqueKeysWithValues: api.record.values.compactMap { [codec] field, rule in codec.index(of: field).map { ($0, rule) } })
    writableLeaves = Dictionary(
      uniqueKeysWithValues: Shape.allCases.map { shape in
        let writable = leaves.indices.filter { index in
          let field = system.fields[leaves[index].field]
          return field.shapes.contains(shape) && field.oneWay == nil
        }
        return (shape, Set(writable))
      })
    basePath = api.base.split(separator: "/").dropFirst(2).map(String.init)
    routes = PlayedSystem.routes(of: api)
    keptLeaves = api.record.kept.compactMap { [codec] field, kept in codec.index(of: field).map { ($0, kept) } }
    leafNames = leaves.map { Array($0.name.utf8) }
    unique = leaves.indices.filter { system.fields[leaves[$0].field].isUnique || api.record.unique.contains(leaves[$0].name) }
    for case (let field, .number(let from)) in api.record.kept where field == leaves[id].name { nextNumber = Int(from).map { min(max($0, 1), PlayedSystem.numberLimit) } ?? 1 }
  }

  /// The first that meets a request is the one: a literal part of a path comes before `$id`, more parameters before fewer, and else
  /// what the description has first.
  private static func routes(of api: API) -> [Route] {
    var routes: [(rank: [Int], route: Route)] = []
    for (index, operation) in api.operations.enumerated() {
      for call in operation.calls {
        let steps = call.path.map { $0 == "$id" || $0 == "$part" ? 1 : 0 }
        routes.append((
          steps + [-operation.when.count, routes.count],
          Route(method: call.method, path: call.path, when: operation.when, operation: index)
        ))
      }
    }
    return routes.sorted { $0.rank.lexicographicallyPrecedes($1.rank) }.map(\.route)
  }

  // MARK: - Records

  /// A new id, after all that there were.
  func newId() -> String {
    while byId[String(nextNumber)] != nil { nextNumber += 1 }
    return String(nextNumber)
  }

  func index(ofId id: String) -> Int? { byId[id] }

  /// Another record that has a value of a unique field; nil where there is none.
  func owner(of value: Tree, in leaf: Int, except own: Int?) -> Int? {
    byValue[leaf]?[key(value)]?.first { $0 != own && !records[$0].isDeleted }
  }

  /// The same for values that the system takes for one.
  private func key(_ value: Tree) -> [UInt8] {
    let literal = RecordCodec.literal(value)
    if api.record.alike.isEmpty { return literal }
    var text = String(decoding: literal, as: UTF8.self)
    if api.record.alike.contains(.case) { text = text.lowercased() }
    if api.record.alike.contains(.blanks) { text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    return Array(text.utf8)
  }

  /// Puts a record in, or another state of it in its place.
  func put(_ held: Held) {
    var held = held
    held.documents = [:]
    if records.indices.contains(held.sequence) {
      unlist(records[held.sequence])
      records[held.sequence] = held
    } else {
      records.append(held)
    }
    byId[held.id] = held.sequence
    if let number = Int(held.id), number >= nextNumber, number < PlayedSystem.numberLimit { nextNumber = number + 1 }
    guard !held.isDeleted else { return }
    for leaf in unique {
      guard let value = held.values[leaf], !value.isBlankText else { continue }
      byValue[leaf, default: [:]][key(value), default: []].insert(held.sequence)
    }
  }

  /// How long a write does not show in a list that is stale.
  private static let staleMilliseconds = 30_000

  /// `put`, by a call.
  func write(_ held: Held) {
    let now = clock.milliseconds
    if changes.count >= manyChanges {
      changes.removeFirst(changes.firstIndex { $0.at > now - PlayedSystem.staleMilliseconds } ?? changes.count)
      manyChanges = max(1024, 2 * changes.count)
    }
    var before = records.indices.contains(held.sequence) ? records[held.sequence] : nil
    before?.documents = [:]
    changes.append((now, held.sequence, before))
    put(held)
  }

  /// Of the records that were written in the last while what they were before; nil: not there.
  func earlier() -> [Int: Held?] {
    let then = clock.milliseconds - PlayedSystem.staleMilliseconds
    var earlier: [Int: Held?] = [:]
    for change in changes.reversed() {
      guard change.at > then else { break }
      earlier[change.sequence] = .some(change.before)
    }
    return earlier
  }

  /// Values of unique fields that other records have already.
  func repeated(in values: RecordCodec.Record) -> [(field: String, value: String)] {
    unique.compactMap { leaf in
      guard let value = values[leaf], !value.isBlankText, owner(of: value, in: leaf, except: nil) != nil else { return nil }
      return (codec.leaves[leaf].name, String(decoding: RecordCodec.literal(value), as: UTF8.self))
    }
  }

  private func unlist(_ held: Held) {
    for leaf in unique {
      guard let value = held.values[leaf], !value.isBlankText else { continue }
      byValue[leaf]?[key(value)]?.remove(held.sequence)
    }
  }

  /// A record that was there before the first call: what the system keeps itself is filled in where it is missing.
  func seed(_ received: RecordCodec.Received) throws(Diagnostic) -> StoredRecord {
    var values = received.record
    if values[idLeaf].map({ $0.isBlankText }) ?? true { values[idLeaf] = idValue(newId()) }
    let id = String(decoding: RecordCodec.literal(values[idLeaf]), as: UTF8.self)
    guard byId[id] == nil else {
      throw Diagnostic(.repeatedKey, "two records of the data have the id `\(id)`", help: "an id stands once in a system")
    }
    keep(&values, version: 1, isNew: true, overwrites: false)
    compose(&values, overwrites: false)
    var held = Held(id: id, sequence: records.count, values: values, unknown: received.unknown)
    for case (let leaf, .version) in keptLeaves {
      if let version = values[leaf].flatMap(PlayedSystem.version) { held.version = version }
    }
    put(held)
    return stored(held)
  }

  func idValue(_ id: String) -> Tree { codec.kept(.text(id), in: idLeaf) ?? .text(id) }

  /// Fills in what the system keeps itself.
  func keep(_ values: inout RecordCodec.Record, version: Int, isNew: Bool, overwrites: Bool = true) {
    let now = clock.seconds
    for (leaf, kept) in keptLeaves where overwrites || values[leaf] == nil {
      switch kept {
      case .number: break
      case .created: if isNew { values[leaf] = moment(now, in: leaf) }
      case .updated: values[leaf] = moment(now, in: leaf)
      case .version: values[leaf] = .number(String(version))
      }
    }
  }

  private func moment(_ second: Int, in leaf: Int) -> Tree {
    if moments.second != second { moments = (second, [:]) }
    if let known = moments.texts[leaf] { return known }
    let text = codec.moment(second, in: leaf)
    moments.texts[leaf] = text
    return text
  }

  /// Writes derived texts anew: lines of values, without the marks around what is missing.
  func compose(_ values: inout RecordCodec.Record, overwrites: Bool = true) {
    for (name, lines) in api.record.compose {
      guard let leaf = codec.index(of: name), overwrites || values[leaf] == nil else { continue }
      var text: [String] = []
      for line in lines {
        let filled = ReplyText.filled(line) { name in
          self.codec.index(of: name).map { values[$0] ?? .text("") }
        }
        let marks: Set<Character> = [" ", ","]
        var plain = String(filled.drop { marks.contains($0) }.reversed().drop { marks.contains($0) }.reversed())
        for (gap, without) in [("  ", " "), (" ,", ","), (",,", ",")] {
          while plain.contains(gap) { plain = plain.replacing(gap, with: without) }
        }
        if !plain.isEmpty { text.append(plain) }
      }
      values[leaf] = text.isEmpty ? nil : .text(text.joined(separator: "\n"))
    }
  }

  /// Whether a text is one that the system takes; an empty one is none to be judged.
  func isTaken(_ value: Tree, in leaf: Int) -> Bool {
    guard let rule = valueRules[leaf], !value.isBlankText else { return true }
    let text = RecordCodec.literal(value)
    func isCode(_ text: some Collection<UInt8>, _ count: Int) -> Bool {
      text.count == count && text.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }
    switch rule {
    case .characters(let count): return String(decoding: text, as: UTF8.self).count == count
    case .capitals(let count): return isCode(text, count)
    case .labelled(let count): return isCode(text.suffix(count), count) && text.dropLast(count).suffix(3).elementsEqual(" - ".utf8)
    }
  }

  private static func version(_ value: Tree) -> Int? {
    Int(String(decoding: RecordCodec.literal(value), as: UTF8.self)).flatMap { (1..<numberLimit).contains($0) ? $0 : nil }
  }

  // MARK: - As the store has them

  private static let versionName = "$version"
  private static let inUseName = "$inUse"
  private static let unknownName = "$unknown"

  func stored(_ held: Held) -> StoredRecord {
    var members: [Tree.Member] = []
    members.reserveCapacity(leafNames.count + 2)
    for (index, name) in leafNames.enumerated() {
      if let value = held.values[index] { members.append(.init(name, value)) }
    }
    members.append(.init(PlayedSystem.versionName, .number(String(held.version))))
    if held.isInUse { members.append(.init(PlayedSystem.inUseName, .bool(true))) }
    if !held.unknown.isEmpty { members.append(.init(PlayedSystem.unknownName, .object(held.unknown))) }
    return StoredRecord(
      system: system.name, id: held.id, sequence: held.sequence, body: JSONTree.bytes(.object(members)), isDeleted: held.isDeleted)
  }

  /// Has these records and no others: what the store has when something else could not be written to it.
  func reload(_ stored: [StoredRecord]) throws(Diagnostic) {
    records = []
    byId = [:]
    byValue = [:]
    changes = []
    for record in stored { try restore(record) }
  }

  /// A record of an earlier run. Fields that the description has no more are left out.
  func restore(_ stored: StoredRecord) throws(Diagnostic) {
    guard let tree = try? JSONReference.parse(stored.body), case .object(let members) = tree else {
      throw Diagnostic(
        .usage, "the store has a record of \(system.name) that cannot be read: `\(stored.id)`", help: "begin with a new file")
    }
    var values = RecordCodec.Record(repeating: nil, count: codec.leaves.count)
    var held = Held(id: stored.id, sequence: records.count, values: values, isDeleted: stored.isDeleted)
    for member in members {
      let name = String(decoding: member.name, as: UTF8.self)
      if name == PlayedSystem.versionName {
        held.version = PlayedSystem.version(member.value) ?? 1
      } else if name == PlayedSystem.inUseName {
        held.isInUse = true
      } else if name == PlayedSystem.unknownName, case .object(let unknown) = member.value {
        held.unknown = unknown
      } else if let index = codec.index(of: name) {
        values[index] = member.value
      }
    }
    held.values = values
    put(held)
  }
}

extension Tree {
  /// Null, or a text without characters.
  var isBlankText: Bool {
    switch self {
    case .null: true
    case .text(let text): text.isEmpty
    default: false
    }
  }
}

extension Tree {
  /// With U+FFFD for what no XML document can hold.
  var withoutControls: Tree {
    switch self {
    case .text(let text): .text(ReplyText.withoutControls(text))
    case .array(let items): .array(items.map(\.withoutControls))
    case .object(let members): .object(members.map { .init($0.name, $0.value.withoutControls) })
    case .null, .bool, .number: self
    }
  }
}

/// How many calls are left, by a description's window.
struct Pace {
  let rule: API.Pacing?
  /// Milliseconds of the calls in the window.
  private(set) var calls: [Int] = []
  private var blockedUntil = 0

  init(_ rule: API.Pacing?) { self.rule = rule }

  /// Nil where the call may pass; else the seconds to wait.
  mutating func take(at now: Int) -> Int? {
    if now < blockedUntil {
      if let rule, rule.prolongs { blockedUntil = now + 1000 * (rule.locks ?? rule.seconds) }
      return wait(at: now)
    }
    guard let rule else { return nil }
    calls.removeAll { $0 <= now - 1000 * rule.seconds }
    guard calls.count >= rule.calls else {
      calls.append(now)
      return nil
    }
    block(at: now)
    return wait(at: now)
  }

  /// As if there had been too many; without a rule for a minute.
  mutating func block(at now: Int) {
    calls = []
    blockedUntil = now + 1000 * (rule?.locks ?? rule?.seconds ?? 60)
  }

  func wait(at now: Int) -> Int { max(0, (blockedUntil - now + 999) / 1000) }
}
