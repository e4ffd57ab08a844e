import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What calls do.
extension PlayedSystem {
  /// A call that is not done, and why.
  struct Refused: Error {
    var why: API.Refusal
    var field = ""
    var wait = 0

    init(_ why: API.Refusal, _ field: String = "", wait: Int = 0) {
      self.why = why
      self.field = field
      self.wait = wait
    }
  }

  /// A call as it was understood.
  struct Call {
    var operation: API.Operation
    var parameters: [(name: String, value: String)]
    /// What stood in the path for `$id` or `$part`.
    var id: String?
    var request: SandboxRequest
    var look: Look
    /// The headers name a format as the system wants it.
    var isFit: Bool

    func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
  }

  /// How a reply looks.
  struct Look {
    var format: Format
    /// In place of the format's own type.
    var type: String?
  }

  struct Outcome {
    var reply: SandboxReply
    var changes: [StoredRecord] = []
  }

  // MARK: - Which call it is

  /// The operation of a request; refused where there is none.
  func call(
    _ request: SandboxRequest, path: [String], query: [(name: String, value: String)], _ seen: (look: Look, isFit: Bool)
  ) throws(Refused) -> Call {
    var parameters = query
    if api.takesForms, isForm(request) {
      guard let pairs = Parameters.pairs(String(decoding: request.body, as: UTF8.self)) else { throw Refused(.malformed) }
      parameters += pairs
    }
    var isKnownPath = false
    var found: (route: Route, id: String?)?
    for route in routes where route.path.count == path.count {
      guard let id = match(route.path, path) else { continue }
      isKnownPath = true
      // Asking for the head alone changes nothing, also where the system writes by GET.
      let isHead = request.method == "HEAD" && !api.operations[route.operation].kind.isWrite
      guard route.method == (isHead ? "GET" : request.method) else { continue }
      guard route.when.allSatisfy({ name, value in parameters.contains { $0.name == name && $0.value == value } }) else { continue }
      found = (route, id.isEmpty ? nil : id)
      break
    }
    guard let found else { throw Refused(isKnownPath ? .noMethod : .noPath) }
    var call = Call(
      operation: api.operations[found.route.operation], parameters: parameters, id: found.id, request: request, look: seen.look,
      isFit: seen.isFit)
    if let name = call.operation.idParameter { call.id = call.parameter(name).flatMap { $0.isEmpty ? nil : $0 } }
    return call
  }

  private func isForm(_ request: SandboxRequest) -> Bool {
    request.header("Content-Type").map { $0.lowercased().range(of: "urlencoded") != nil } ?? false
  }

  /// Nil where the path is another one; empty where it has no id in it.
  private func match(_ wanted: [String], _ path: [String]) -> String? {
    var id = ""
    for (step, own) in zip(wanted, path) where !isSameStep(step, own) {
      guard step == "$id" || step == "$part", !own.isEmpty else { return nil }
      id = own
    }
    return id
  }

  /// Whether a part of a path is the described one.
  func isSameStep(_ step: String, _ own: String) -> Bool {
    step == own || api.ignoresPathCase && step.isEqualIgnoringCase(own)
  }

  /// The format that a request's headers ask for, by the system's own rule.
  func look(of request: SandboxRequest) -> (look: Look, isFit: Bool) {
    let rule = api.format
    if let agents = rule.agents, let agent = request.header("User-Agent"), agents.like.contains(where: { agent.contains($0) }) {
      return (Look(format: rule.first, type: agents.type), true)
    }
    var asked: [Format] = []
    for name in rule.by {
      guard let value = request.header(name)?.lowercased() else { continue }
      let formats: [(Format, String)] = [(.json, "json"), (.xml, "xml")]
      let found = formats.compactMap { format, word in
        value.range(of: word).map { (format, $0) }
      }.filter { system.formats.contains($0.0) }.min { $0.1 < $1.1 }
      if let found { asked.append(found.0) }
    }
    return (Look(format: asked.first ?? rule.first), !rule.needsAll || asked.count == rule.by.count && Set(asked).count == 1)
  }

  // MARK: - Doing it

  func perform(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    if !call.isFit { throw Refused(.format) }
    switch call.operation.kind {
    case .session: return try begin(call)
    case .list, .count, .pickList, .parts: return try list(call, &faults)
    case .detail:
      let held = records[try target(call, &faults)]
      return Outcome(reply: try document(of: held, call))
    case .part:
      guard let sequence = call.id.flatMap({ Int($0) }), sequence > 0, sequence <= records.count, !records[sequence - 1].isDeleted,
        !faults.hides(sequence - 1)
      else { throw Refused(.notFound, "part") }
      return Outcome(reply: reply(call, body: ReplyText.bytes(item(of: records[sequence - 1], call), call.look.format)))
    case .create: return try create(call, &faults)
    case .update: return try update(call, &faults)
    case .toggle: return try toggle(call, &faults)
    case .delete: return try delete(call, &faults)
    case .limits: return Outcome(reply: reply(call, body: plainBody(call)))
    }
  }

  private func begin(_ call: Call) throws(Refused) -> Outcome {
    guard case .members(let members)? = call.operation.body else { throw Refused(.malformed) }
    let given = try bodyMembers(call)
    for (name, value, isOptional) in members {
      let own = given.first { $0.name == name || system.ignoresCase && $0.name.lowercased() == name.lowercased() }?.value
      if own == nil, isOptional { continue }
      guard own == signIn.filled(value) else { throw Refused(.unauthorized, name) }
    }
    let token = signIn.begin(at: clock.seconds)
    return Outcome(reply: reply(call, body: plainBody(call, token: token)))
  }

  /// The members of a body that is no record.
  private func bodyMembers(_ call: Call) throws(Refused) -> [(name: String, value: String)] {
    let body = call.request.body
    if isForm(call.request) {
      guard let pairs = Parameters.pairs(String(decoding: body, as: UTF8.self)) else { throw Refused(.malformed) }
      return pairs
    }
    let tree: Tree?
    if PlayedSystem.begin(of: body) == UInt8(ascii: "<") {
      tree = (try? XMLAuthority().document(body))?.tree()
    } else {
      tree = try? JSONReference.parse(body)
    }
    guard case .object(let members)? = tree else { throw Refused(.malformed) }
    return members.map { (String(decoding: $0.name, as: UTF8.self), String(decoding: RecordCodec.literal($0.value), as: UTF8.self)) }
  }

  /// The record that a call is about.
  private func target(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Int {
    let name = call.operation.idParameter ?? codec.leaves[idLeaf].name
    guard let id = call.id else { throw Refused(.missing, name) }
    guard let index = index(ofId: id), !records[index].isDeleted, !faults.hides(index) else { throw Refused(.notFound, name) }
    return index
  }

  /// The first byte that is no blank and no byte order mark.
  static func begin(of bytes: [UInt8]) -> UInt8? {
    bytes.first { byte in
      switch byte {
      case 0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf: false
      default: true
      }
    }
  }

  // MARK: - Writing

  private func received(_ call: Call, _ shape: Shape) throws(Refused) -> RecordCodec.Received {
    var bytes = call.request.body
    let begin = PlayedSystem.begin(of: bytes)
    var format = Format.json
    if api.takesForms {
      format = .form
      let names = call.parameters.map(\.name)
      if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) { throw Refused(.wrong, names[twice]) }
      bytes = Parameters.encoded(call.parameters)
    } else if isForm(call.request), system.formats.contains(.form) {
      format = .form
    } else {
      if begin == UInt8(ascii: "<") { format = .xml }
      // Headers that all have to name the format name that of the body too.
      if api.format.needsAll, call.look.type == nil, begin != nil, format != call.look.format { throw Refused(.malformed) }
      guard begin != nil, system.formats.contains(format) else { throw Refused(.malformed) }
    }
    if bytes.first == 0xef, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    do throws(FormatError) {
      return try codec.read(bytes, .init(shape, format))
    } catch {
      throw Refused(.malformed)
    }
  }

  /// What a body says, field by field, as the system keeps it.
  private func values(_ call: Call, _ shape: Shape, id: String?) throws(Refused) -> [(leaf: Int, value: Tree)] {
    let received = try received(call, shape)
    if api.record.refusesUnknown, let member = received.unknown.first { throw Refused(.unknown, String(decoding: member.name, as: UTF8.self)) }
    if shape == .update {
      for leaf in updateLeaves where received.record[leaf].map(\.isBlankText) ?? true { throw Refused(.missing, spelling(leaf, shape)) }
    }
    var values: [(leaf: Int, value: Tree)] = []
    let writable = writableLeaves[shape] ?? []
    for (leaf, value) in received.record.enumerated() {
      guard let value else { continue }
      if leaf == idLeaf {
        // Path and body agree.
        if let id, !value.isBlankText, !RecordCodec.literal(value).elementsEqual(id.utf8) { throw Refused(.wrong, spelling(leaf, shape)) }
        continue
      }
      guard writable.contains(leaf) else {
        if api.record.refusesUnwritable { throw Refused(.unknown, spelling(leaf, shape)) }
        continue
      }
      guard let kept = codec.kept(value, in: leaf), isTaken(kept, in: leaf) else { throw Refused(.wrong, spelling(leaf, shape)) }
      values.append((leaf, kept))
    }
    return values
  }

  /// A field's name as a shape spells it.
  private func spelling(_ leaf: Int, _ shape: Shape) -> String {
    let own = codec.leaves[leaf]
    let field = system.fields[own.field]
    return own.name == field.name ? field.writeNames[shape] ?? own.name : own.name
  }

  private func checkUnique(_ values: RecordCodec.Record, _ own: Int?, _ faults: inout CallFaults) throws(Refused) {
    for leaf in unique {
      // What the record has already it keeps, whoever else has it.
      guard let value = values[leaf], !value.isBlankText, own.map({ records[$0].values[leaf] != value }) ?? true, owner(of: value, in: leaf, except: own) != nil else { continue }
      if faults.takes(.namesAllowed) { continue }
      throw Refused(.exists, codec.leaves[leaf].name)
    }
    guard faults.has(.namesForbidden), let name = nameLeaf, let value = values[name], !value.isBlankText else { return }
    let key = RecordCodec.literal(value)
    if records.contains(where: { !$0.isDeleted && $0.sequence != own && RecordCodec.literal($0.values[name]) == key }),
      faults.takes(.namesForbidden)
    {
      throw Refused(.exists, codec.leaves[name].name)
    }
  }

  private var nameLeaf: Int? {
    codec.leaves.indices.first { index in
      guard case .canonical("name") = system.fields[codec.leaves[index].field].meaning else { return false }
      return true
    }
  }

  private func create(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    var values = RecordCodec.Record(repeating: nil, count: codec.leaves.count)
    for (leaf, value) in try self.values(call, .create, id: nil) { values[leaf] = value }
    for leaf in requiredLeaves where values[leaf].map(\.isBlankText) ?? true {
      throw Refused(.missing, spelling(leaf, .create))
    }
    for (name, value) in api.record.defaults {
      if let leaf = codec.index(of: name), values[leaf] == nil { values[leaf] = value }
    }
    try checkUnique(values, nil, &faults)
    let id = newId()
    values[idLeaf] = idValue(id)
    keep(&values, version: 1, isNew: true)
    compose(&values)
    let held = Held(id: id, sequence: records.count, values: values)
    write(held)
    return try written(held, call)
  }

  private func update(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    let index = try target(call, &faults)
    var held = records[index]
    let given = try values(call, .update, id: held.id)
    for (leaf, value) in given {
      if api.record.refusesEmptied, requiredLeaves.contains(leaf), value.isBlankText { throw Refused(.missing, spelling(leaf, .update)) }
      held.values[leaf] = value
    }
    for name in api.record.resets {
      guard let leaf = codec.index(of: name), !given.contains(where: { $0.leaf == leaf }) else { continue }
      held.values[leaf] = api.record.defaults.first { $0.field == name }?.value
    }
    try checkUnique(held.values, index, &faults)
    for (leaf, bases) in derivedLeaves where bases.contains(where: { held.values[$0] != records[index].values[$0] }) {
      held.values[leaf] = nil
    }
    return try rewritten(&held, call)
  }

  private func toggle(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    var held = records[try target(call, &faults)]
    guard let leaf = call.operation.field.flatMap({ codec.index(of: $0) }) else { throw Refused(.notFound) }
    if held.isInUse, held.values[leaf] != .bool(false) { throw Refused(.inUse) }
    held.values[leaf] = .bool(held.values[leaf] == .bool(false))
    return try rewritten(&held, call)
  }

  private func rewritten(_ held: inout Held, _ call: Call) throws(Refused) -> Outcome {
    held.version += 1
    keep(&held.values, version: held.version, isNew: false)
    compose(&held.values)
    write(held)
    return try written(held, call)
  }

  private func delete(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    let name = call.operation.idParameter ?? codec.leaves[idLeaf].name
    guard let given = call.id else { throw Refused(.missing, name) }
    let ids = call.operation.ids > 1 ? given.split(separator: ",").map { String($0.filter { $0 != " " }) } : [given]
    guard !ids.isEmpty, ids.count <= call.operation.ids else { throw Refused(ids.isEmpty ? .missing : .wrong, name) }
    var all: [Held] = []
    for id in ids {
      guard let index = index(ofId: id), !records[index].isDeleted, !faults.hides(index) else {
        // Several at once: those that are there go.
        if ids.count > 1 { continue }
        throw Refused(.notFound, name)
      }
      if records[index].isInUse { throw Refused(.inUse) }
      all.append(records[index])
    }
    var outcome = Outcome(reply: reply(call, body: plainBody(call)))
    for var held in all {
      held.isDeleted = true
      write(held)
      outcome.changes.append(applied(held, call))
    }
    return outcome
  }

  private func written(_ held: Held, _ call: Call) throws(Refused) -> Outcome {
    Outcome(reply: try document(of: held, call), changes: [applied(held, call)])
  }

  private func applied(_ held: Held, _ call: Call) -> StoredRecord {
    var stored = stored(held)
    stored.write = AppliedWrite(
      operation: call.operation.kind.rawValue, connection: call.request.connection, time: clock.text)
    return stored
  }
}

extension String {
  /// Where the first occurrence of a word begins.
  fileprivate func range(of word: String) -> Int? {
    let (text, word) = (Array(utf8), Array(word.utf8))
    guard text.count >= word.count else { return nil }
    return (0...(text.count - word.count)).first { text[$0..<($0 + word.count)].elementsEqual(word) }
  }
}
