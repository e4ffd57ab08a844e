import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What calls are answered with.
extension PlayedSystem {
  // MARK: - One record

  func document(of held: Held, _ call: Call) throws(Refused) -> SandboxReply {
    let operation = call.operation
    guard let shape = operation.reply.shape else { return reply(call, held: held, body: plainBody(call, held: held)) }
    let form = try self.form(call, shape)
    if let known = records[held.sequence].documents[form] { return reply(call, held: held, body: known) }
    let body = document(of: [held], form)
    records[held.sequence].documents[form] = body
    return reply(call, held: held, body: body)
  }

  /// A character that XML cannot have, hardly any below a blank, is U+FFFD there: one value must not keep the others from being read.
  private func document(of held: [Held], _ form: RecordCodec.Form) -> [UInt8] {
    var unknown: [Int: [Tree.Member]] = [:]
    for (number, one) in held.enumerated() where !one.unknown.isEmpty { unknown[number] = one.unknown }
    if let body = try? codec.write(held.lazy.map(\.values), form, unknown: unknown) { return body }
    let cleaned = held.map { one in one.values.map { $0?.withoutControls } }
    if let body = try? codec.write(cleaned, form, unknown: unknown.mapValues { $0.map { .init($0.name, $0.value.withoutControls) } }) { return body }
    // A name that no element can have.
    return (try? codec.write(cleaned, form)) ?? []
  }

  /// Which fields, in which document.
  private func form(_ call: Call, _ shape: Shape) throws(Refused) -> RecordCodec.Form {
    let operation = call.operation
    var form = RecordCodec.Form(shape, call.look.format, fields: shape == .list ? .list : .single)
    if let view = operation.view {
      let asked = call.parameter(view.parameter) ?? view.first
      guard let choice = view.choices.first(where: { $0.word.isEqualIgnoringCase(asked) }) else {
        throw Refused(.wrong, view.parameter)
      }
      form.fields = choice.fields
      form.without = choice.without
    }
    form.envelope = operation.reply.envelopes.first { $0.format == form.format }?.template
    form.without += operation.reply.without
    for (parameter, field) in operation.shows where call.parameter(parameter)?.lowercased() != "true" { form.without.append(field) }
    return form
  }

  /// A record's entry in a list of entries: the members that are described, and with `of` those of an object of the record.
  func item(of held: Held, _ call: Call) -> Tree {
    var members: [Tree.Member] = []
    if case .object(let own)? = call.operation.reply.item.map({ ReplyText.filled($0, values(call, held: held)) }) { members = own }
    guard let part = call.operation.of else { return .object(members) }
    for (index, leaf) in codec.leaves.enumerated() where leaf.name.hasPrefix("\(part).") {
      if let value = held.values[index] { members.append(.init(String(leaf.name.dropFirst(part.count + 1)), value)) }
    }
    return .object(members)
  }

  // MARK: - Several records

  func list(_ call: Call, _ faults: inout CallFaults) throws(Refused) -> Outcome {
    let operation = call.operation
    var found: [Int] = []
    var tests: [(Held) -> Bool] = []
    for filter in operation.filters { if let test = try test(filter, call) { tests.append(test) } }
    let earlier = faults.name == .staleList ? self.earlier() : [:]
    if !earlier.isEmpty { faults.fire() }
    func held(_ index: Int) -> Held? { earlier[index] ?? records[index] }
    for index in records.indices {
      guard let held = held(index), !held.isDeleted, !faults.hides(index), tests.allSatisfy({ $0(held) }) else { continue }
      found.append(index)
    }
    if let sort = operation.sort.flatMap({ codec.index(of: $0) }) {
      let keys = found.map { String(decoding: RecordCodec.literal(held($0)?.values[sort]), as: UTF8.self).lowercased() }
      found = zip(keys, found).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
    }
    let count = found.count
    var more: [PathStep]?
    var pages = 1
    if let paging = operation.paging {
      // No page is larger than all there is: what a caller asks for must not overflow.
      let size = min(max(try number(paging.size, call) ?? paging.most, 1), paging.most, max(count, 1))
      let skipped = max(try number(paging.at, call) ?? paging.first, paging.first) - paging.first
      pages = max((count + size - 1) / size, 1)
      var start = paging.isOffset ? min(skipped, count) : min(min(skipped, pages) * size, count)
      if start > 0, start < count, faults.name == .pageSkip {
        start += 1
        faults.fire()
      }
      if start > 0, faults.name == .pageDuplicate {
        start -= 1
        faults.fire()
      }
      let end = min(start + size, count)
      if end < count { more = paging.more }
      found = Array(found[start..<end])
    }
    let format = call.look.format
    if operation.kind == .count { return Outcome(reply: reply(call, body: plainBody(call, count: count, pages: pages))) }
    if operation.reply.item != nil {
      return Outcome(reply: reply(call, body: ReplyText.bytes(.array(found.compactMap { held($0).map { item(of: $0, call) } }), format)))
    }
    if found.isEmpty {
      if operation.reply.refusesNone { throw Refused(.none) }
      if let empty = operation.reply.empty.first(where: { $0.format == format }) {
        return Outcome(reply: reply(call, body: ReplyText.bytes(empty.body, format)))
      }
    }
    var form = try self.form(call, operation.reply.shape ?? .list)
    form.more = more
    return Outcome(reply: reply(call, body: document(of: found.compactMap { held($0) }, form)))
  }

  private func number(_ name: String, _ call: Call) throws(Refused) -> Int? {
    guard !name.isEmpty, let text = call.parameter(name) else { return nil }
    guard let number = Int(text), number >= 0 else { throw Refused(.wrong, name) }
    return number
  }

  /// What a parameter asks of each record; nil where it is not given.
  private func test(_ filter: API.Filter, _ call: Call) throws(Refused) -> ((Held) -> Bool)? {
    let text = call.parameter(filter.parameter)
    if filter.test == .shows {
      guard text?.lowercased() != "true", let leaf = codec.index(of: filter.field) else { return nil }
      return { $0.values[leaf] != .bool(true) }
    }
    guard let text else { return nil }
    if call.operation.kind == .parts {
      // One member of the entry, not all: there may be very many records.
      if case .object(let own)? = call.operation.reply.item, let member = own.first(where: { $0.name.elementsEqual(filter.field.utf8) }) {
        return { held in RecordCodec.literal(ReplyText.filled(member.value, self.values(call, held: held))).elementsEqual(text.utf8) }
      }
      guard let leaf = codec.index(of: "\(call.operation.of ?? "").\(filter.field)") else { return nil }
      return { RecordCodec.literal($0.values[leaf]).elementsEqual(text.utf8) }
    }
    guard let leaf = codec.index(of: filter.field) else { return nil }
    switch filter.test {
    case .equals: return { RecordCodec.literal($0.values[leaf]).elementsEqual(text.utf8) }
    case .contains:
      let part = text.lowercased()
      return { String(decoding: RecordCodec.literal($0.values[leaf]), as: UTF8.self).lowercased().contains(part) }
    case .from, .after, .to:
      guard let limit = RecordCodec.seconds(Array(text.utf8)) else { throw Refused(.wrong, filter.parameter) }
      return { held in
        guard let own = RecordCodec.seconds(RecordCodec.literal(held.values[leaf])) else { return false }
        return filter.test == .from ? own >= limit : filter.test == .after ? own > limit : own <= limit
      }
    case .shows: return nil
    }
  }

  // MARK: - Documents that are no records

  func plainBody(_ call: Call, held: Held? = nil, token: String? = nil, count: Int? = nil, pages: Int? = nil) -> [UInt8] {
    let bodies = call.operation.reply.bodies
    guard let body = bodies.first(where: { $0.format == call.look.format }) ?? bodies.first(where: { $0.format == nil }) else { return [] }
    let own = values(call, held: held)
    return ReplyText.bytes(
      ReplyText.filled(body.body) { name in
        switch name {
        case "token": token.map { .text($0) } ?? own(name)
        case "count": count.map { .number(String($0)) } ?? own(name)
        case "pages": pages.map { .number(String($0)) } ?? own(name)
        default: own(name)
        }
      }, call.look.format)
  }

  /// What `$names` stand for.
  private func values(_ call: Call, held: Held? = nil) -> ReplyText.Values {
    var path: String { "/" + (call.operation.calls.first?.path.joined(separator: "/") ?? "") }
    return { name in
      switch name {
      case "id": return held.map { $0.values[self.idLeaf] ?? .text($0.id) } ?? call.id.map { .text($0) }
      case "part": return held.map { .number(String($0.sequence + 1)) }
      case "path": return .text(path)
      case "uri": return .text(ReplyText.filled(self.api.uri ?? "$path") { $0 == "path" ? .text(path) : nil })
      case "message": return call.operation.reply.message.map { .text($0) }
      case "time": return .text(self.clock.text)
      case "calls": return .number(String(self.pace.calls.count))
      case "most": return .number(String(self.pace.rule?.calls ?? 0))
      case "seconds": return .number(String(self.pace.rule?.seconds ?? 0))
      case "wait": return .number(String(self.pace.wait(at: self.clock.milliseconds)))
      default:
        if let held, let leaf = self.codec.index(of: name) { return held.values[leaf] ?? .null }
        return self.signIn.credentials[name].map { .text($0) }
      }
    }
  }

  func reply(_ call: Call, held: Held? = nil, body: [UInt8]) -> SandboxReply {
    let own = values(call, held: held)
    let body = declared(body, call.look)
    var headers: [(name: String, value: String)] = []
    if !body.isEmpty { headers.append(("Content-Type", type(of: body, call.look))) }
    headers += call.operation.reply.headers.map { ($0.name, ReplyText.filled($0.value, own)) }
    return SandboxReply(status: call.operation.reply.status, headers: headers, body: body)
  }

  /// XML with its declaration.
  private func declared(_ body: [UInt8], _ look: Look) -> [UInt8] {
    guard look.format == .xml, body.first == UInt8(ascii: "<"), !body.starts(with: "<?xml".utf8), !body.starts(with: "<html".utf8) else { return body }
    return Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8) + body
  }

  private func type(of body: [UInt8], _ look: Look) -> String {
    if let type = look.type { return type }
    return look.format == .xml ? "application/xml; charset=utf-8" : "application/json; charset=utf-8"
  }

  // MARK: - Refusals

  private static let statuses: [API.Refusal: Int] = [
    .unauthorized: 401, .forbidden: 403, .notFound: 404, .noPath: 404, .noMethod: 405, .format: 406, .malformed: 400, .missing: 400,
    .wrong: 400, .unknown: 400, .exists: 400, .inUse: 409, .none: 404, .throttled: 429,
  ]
  private static let messages: [API.Refusal: String] = [
    .unauthorized: "The call is not signed in", .forbidden: "That is not permitted", .notFound: "There is no such record",
    .noPath: "There is nothing at this path", .noMethod: "This path has no such method", .format: "The headers do not name the format",
    .malformed: "The body cannot be read", .missing: "$field is missing", .wrong: "$field is not valid",
    .unknown: "$field is not known", .exists: "$field exists already", .inUse: "Others depend on the record", .none: "There are no records",
    .throttled: "There were too many calls",
  ]
  private static let instead: [API.Refusal: API.Refusal] = [
    .noPath: .notFound, .forbidden: .unauthorized, .unknown: .wrong, .malformed: .wrong, .missing: .wrong, .exists: .wrong,
    .inUse: .forbidden,
  ]

  /// - call: nil where it is not known which.
  func refusal(_ refused: Refused, _ call: Call?, _ look: Look, path: String) -> SandboxReply {
    let own = call?.operation.refusals ?? API.Refusals()
    var rule = own.rules[refused.why] ?? api.refusals.rules[refused.why]
    if rule == nil, let other = PlayedSystem.instead[refused.why] { rule = own.rules[other] ?? api.refusals.rules[other] }
    let status = rule?.status ?? (rule?.code == nil ? PlayedSystem.statuses[refused.why] ?? 400 : 200)
    func fill(_ text: String) -> String {
      ReplyText.filled(text) { name in
        switch name {
        case "field": .text(refused.field)
        case "wait": .number(String(refused.wait))
        default: nil
        }
      }
    }
    let message = fill(rule?.message ?? PlayedSystem.messages[refused.why] ?? "")
    let uri = ReplyText.filled(api.uri ?? "$path") { $0 == "path" ? .text(path) : nil }
    func body(_ refusals: API.Refusals) -> Tree? {
      (refusals.bodies.first { $0.format == look.format } ?? refusals.bodies.first { $0.format == nil })?.body
    }
    var bytes: [UInt8] = []
    if let template = body(own) ?? body(api.refusals) {
      bytes = ReplyText.bytes(
        ReplyText.filled(template) { name in
          switch name {
          case "message": .text(message)
          case "code": rule?.code ?? .number(String(status))
          case "status": .number(String(status))
          case "uri": .text(uri)
          case "field": .text(refused.field)
          default: nil
          }
        }, look.format)
      bytes = declared(bytes, look)
    }
    var headers: [(name: String, value: String)] = []
    if !bytes.isEmpty {
      let isPage = bytes.starts(with: "<html".utf8)
      headers.append(("Content-Type", isPage ? "text/html; charset=utf-8" : type(of: bytes, look)))
    }
    for (name, value) in rule?.headers ?? [] {
      headers.append((name, ReplyText.filled(value) { $0 == "message" ? .text(message) : $0 == "wait" ? .number(String(refused.wait)) : nil }))
    }
    if refused.why == .unauthorized, status == 401, api.signIn.contains(where: { if case .basic = $0.kind { true } else { false } }) {
      headers.append(("WWW-Authenticate", "Basic realm=\"\(system.name)\""))
    }
    if refused.why == .noMethod, status == 405 {
      let methods = api.operations.flatMap(\.calls).map(\.method)
      headers.append(("Allow", Set(methods).sorted().joined(separator: ", ")))
    }
    return SandboxReply(status: status, headers: headers, body: bytes)
  }
}
