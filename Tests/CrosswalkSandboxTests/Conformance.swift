import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import CrosswalkSandbox
import CrosswalkYAML

/// Whether what plays a system does what the system's description says: each check is a sentence, and is derived from the
/// description alone. One that has nothing to look at says so.
///
/// The checks stand in `Conformance+Checks.swift`.
final class Conformance {
  typealias Reply = (status: Int, headers: [(name: String, value: String)], body: [UInt8])
  typealias Ask = (Sandbox, SandboxRequest) async throws -> Reply

  /// What a check throws that has nothing to look at.
  struct Unneeded: Error {}
  struct Failure: Error { var text: String }

  let system: System
  let options: [String: String]
  let api: API
  let codec: RecordCodec
  /// Looks at three fields where it could look at all.
  private(set) var isBrief: Bool
  private let ask: Ask
  /// Of the check that runs.
  var sandbox: Sandbox
  var problems: [String] = []
  /// The records that the sandbox should have, by age.
  var known: [(id: String, record: RecordCodec.Record)] = []
  private var number = 0
  private var calls = 0
  private var token: String?
  /// The id that was given last.
  var lastNumber = 0

  init(_ system: System, options: [String: String], isBrief: Bool = false, ask: @escaping Ask) throws {
    self.isBrief = isBrief
    self.system = system
    self.options = options
    self.ask = ask
    let (api, problems) = APILoader.load(try Conformance.required(system.api, "no api"), of: system, options: options)
    guard let api else { throw problems[0] }
    self.api = api
    codec = RecordCodec(system)
    sandbox = try Conformance.sandbox(system, options)
  }

  static func sandbox(_ system: System, _ options: [String: String]) throws -> Sandbox {
    try Sandbox([(system, options)], store: SandboxStore(path: nil), faults: Faults("", seed: 1), seed: 1, isFast: true)
  }

  /// Runs all checks: a line for each that looked at something, and what was found wrong.
  func run() async throws -> (looked: [String], others: [String], problems: [String]) {
    var looked: [String] = []
    var others: [String] = []
    for (name, check) in Conformance.checks {
      let before = problems.count
      do {
        try await check(self)
        looked.append(name)
      } catch is Unneeded {
        others.append(name)
      } catch let error as Failure {
        problems.append(error.text)
        looked.append(name)
      }
      for index in before..<problems.count { problems[index] = "\(name): \(problems[index])" }
    }
    return (looked, others, problems)
  }

  /// Begins anew, without records.
  func restart() throws {
    sandbox = try Conformance.sandbox(system, options)
    known = []
    calls = 0
    token = nil
  }

  // MARK: - What is described

  static func required<Value>(_ value: Value?, _ what: String) throws -> Value {
    guard let value else { throw Failure(text: what) }
    return value
  }

  func operation(_ kind: API.Kind) throws -> API.Operation {
    guard let operation = api.operations.first(where: { $0.kind == kind }) else { throw Unneeded() }
    return operation
  }

  func has(_ kind: API.Kind) -> Bool { api.operations.contains { $0.kind == kind } }

  /// The formats of replies.
  var formats: [Format] { [.json, .xml].filter { system.formats.contains($0) } }

  var idLeaf: Int {
    codec.leaves.indices.first { if case .canonical("id") = system.fields[codec.leaves[$0].field].meaning { true } else { false } } ?? 0
  }

  /// Formats of bodies.
  func bodyFormats(_ shape: Shape) -> [Format] {
    if api.takesForms { return [.form] }
    return (system.shapes.first { $0.shape == shape }?.write.map(\.format) ?? []).filter { [.json, .xml, .form].contains($0) }
  }

  /// The one that replies have by default, where bodies have it.
  func mainFormat(_ shape: Shape) -> Format {
    let all = bodyFormats(shape)
    return all.first { $0 == formats[0] } ?? all[0]
  }

  func field(_ leaf: Int) -> Field { system.fields[codec.leaves[leaf].field] }

  func writable(_ shape: Shape) -> [Int] {
    codec.leaves.indices.filter { $0 != idLeaf && field($0).shapes.contains(shape) && field($0).oneWay == nil }
  }

  func isNeeded(_ leaf: Int) -> Bool { codec.leaves[leaf].name == field(leaf).name && field(leaf).required.contains(.create) }

  var unique: [Int] { codec.leaves.indices.filter { field($0).isUnique || api.record.unique.contains(codec.leaves[$0].name) } }

  /// What the system writes itself, whatever is sent.
  var own: Set<String> { Set(api.record.kept.map(\.field) + api.record.compose.map(\.field)) }

  /// - view: a word of it; the first.
  func shown(_ operation: API.Operation, view word: String? = nil, with: Set<String> = []) -> [Int] {
    let choice = operation.view.flatMap { view in view.choices.first { $0.word == word ?? view.first } }
    let fields = choice?.fields ?? (operation.reply.shape == .list ? .list : .single)
    let without = operation.reply.without + (choice?.without ?? []) + operation.shows.map(\.field).filter { !with.contains($0) }
    return codec.leaves.indices.filter { field($0).shapes.contains(fields) && !API.isField(codec.leaves[$0].name, of: without) }
  }

  /// A value that the field can have, another one each time.
  func value(_ leaf: Int) -> Tree {
    number += 1
    let field = field(leaf)
    switch field.type {
    case .integer: return .number(String(1000 + number))
    case .boolean: return .bool(true)
    case .choice:
      let words = (field.transforms.first { $0.name == "choice" }?.argument?.entries ?? []).flatMap {
        ($0.value.items ?? [$0.value]).compactMap(\.text)
      }
      return words.isEmpty ? .text("word \(number)") : .text(words[number % words.count])
    case .instant: return .text("2025-03-04T05:06:07Z")
    case .text, .lines, .code: return .text(text(leaf))
    }
  }

  /// A text that the field takes.
  private func text(_ leaf: Int) -> String {
    let text = "v\(number) \(codec.leaves[leaf].name) & <é>"
    func code(_ count: Int) -> String {
      var rest = number
      var letters = ""
      for _ in 0..<count {
        letters.append(Character(UnicodeScalar(UInt8(65 + rest % 26))))
        rest /= 26
      }
      return letters
    }
    return switch api.record.values.first(where: { $0.field == codec.leaves[leaf].name })?.rule {
    case nil: text
    case .characters(let count)?, .capitals(let count)?: code(count)
    case .labelled(let count)?: "\(text) - \(code(count))"
    }
  }

  func record(_ leaves: [Int]) -> RecordCodec.Record {
    var record = RecordCodec.Record(repeating: nil, count: codec.leaves.count)
    for leaf in leaves { record[leaf] = value(leaf) }
    return record
  }

  var least: RecordCodec.Record { record(codec.leaves.indices.filter(isNeeded)) }
  var whole: RecordCodec.Record { record(writable(.create)) }

  // MARK: - Asking

  /// The sandbox's own credentials for a setting.
  func filled(_ text: String, token: String? = nil) -> String {
    var text = text
    if let token { text = text.replacing("$token", with: token) }
    for setting in api.settings.sorted(by: { $0.name.count > $1.name.count }) {
      text = text.replacing("$\(setting.name)", with: "sandbox-\(setting.name)")
    }
    return text
  }

  typealias Pairs = [(name: String, value: String)]

  func signIn(_ way: API.SignIn, spoiled: String = "") async throws -> (headers: Pairs, query: Pairs) {
    var token: String?
    if way.sessionHours != nil { token = try await session() }
    switch way.kind {
    case .basic(let user, let password):
      return ([("Authorization", "Basic " + Conformance.base64(Array("\(filled(user)):\(filled(password))\(spoiled)".utf8)))], [])
    case .headers(let headers): return (headers.map { ($0.name, filled($0.value, token: token) + spoiled) }, [])
    case .query(let query): return ([], query.map { ($0.name, filled($0.value, token: token) + spoiled) })
    }
  }

  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = Array(bytes[start..<min(start + 3, bytes.count)])
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for index in 0..<4 { text.append(index <= part.count ? alphabet[bits >> (18 - 6 * index) & 63] : "=") }
    }
    return text
  }

  /// A new session's token: what the reply has where the description says `$token`.
  func session(_ change: (name: String, value: String)? = nil) async throws -> String {
    let reply = try await sessionReply(change)
    let operation = try operation(.session)
    guard reply.status == operation.reply.status else { throw Failure(text: "session: \(reply.status)") }
    guard let described = body(operation.reply.bodies, formats[0]), let found = bind(described, try tree(reply, formats[0]))["token"] else {
      throw Failure(text: "no token in \(text(reply))")
    }
    return found
  }

  func sessionReply(_ change: (name: String, value: String)? = nil) async throws -> Reply {
    let operation = try operation(.session)
    guard case .members(let members)? = operation.body else { throw Unneeded() }
    let pairs = members.map { ($0.name, change?.name == $0.name ? change?.value ?? "" : filled($0.value)) }
    let body = JSONTree.bytes(.object(pairs.map { .init($0.0, .text($0.1)) }))
    return try await send(operation, body: body, bodyFormat: .json, isSigned: false)
  }

  /// One call of an operation.
  ///
  /// - call: which of the operation's; the first.
  func send(
    _ operation: API.Operation, id: String? = nil, query: Pairs = [], body: [UInt8] = [], bodyFormat: Format? = nil,
    format: Format? = nil, call: API.Call? = nil, method: String? = nil, isSigned: Bool = true, headers: Pairs = [],
    ofSignIn: (headers: Pairs, query: Pairs)? = nil
  ) async throws -> Reply {
    let call = call ?? operation.calls[0]
    var target = ""
    for step in call.path { target += "/" + Conformance.encoded(["$id", "$part"].contains(step) ? id ?? "" : step) }
    var pairs = operation.when.map { ($0.name, $0.value) } + query
    if let name = operation.idParameter, let id { pairs.append((name, id)) }
    var all: Pairs = []
    let format = format ?? formats[0]
    for name in api.format.by { all.append((name, "application/\(format)")) }
    if bodyFormat == .form, !api.format.by.contains("Content-Type") { all.append(("Content-Type", "application/x-www-form-urlencoded")) }
    if isSigned {
      var signed = ofSignIn
      if signed == nil, let way = api.signIn.first(where: { $0.sessionHours == nil }) ?? api.signIn.first {
        if way.sessionHours != nil, let token, case .headers(let own) = way.kind {
          signed = (own.map { ($0.name, filled($0.value, token: token)) }, [])
        } else {
          signed = try await signIn(way)
        }
      }
      all += signed?.headers ?? []
      pairs += signed?.query ?? []
    }
    if !pairs.isEmpty {
      target += "?" + pairs.map { "\(Conformance.encoded($0.0))=\(Conformance.encoded($0.1))" }.joined(separator: "&")
    }
    all = headers + all.filter { own in !headers.contains { $0.name == own.name } }
    return try await raw(SandboxRequest(method: method ?? call.method, target: target, headers: all, body: body))
  }

  /// Sends it, and lets time pass before there are too many.
  func raw(_ request: SandboxRequest, paced: Bool = true) async throws -> Reply {
    if let pacing = api.pacing, paced {
      calls += 1
      if calls >= pacing.calls {
        await pass(seconds: pacing.seconds + 1)
        calls = 1
      }
    }
    return try await ask(sandbox, request)
  }

  func pass(seconds: Int) async { _ = await control("clock", String(seconds)) }

  func control(_ name: String, _ body: String) async -> Int {
    await sandbox.answer(SandboxRequest(method: "POST", target: "/__sandbox/\(name)", body: Array(body.utf8))).status
  }

  static func encoded(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        out.append(Character(UnicodeScalar(byte)))
      default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return out
  }

  // MARK: - Bodies

  /// A body with a record, and with members that the record cannot have.
  func body(_ record: RecordCodec.Record, _ shape: Shape, _ format: Format, extra: [(name: String, value: Tree)] = []) throws -> [UInt8] {
    var bytes = try codec.write([record], .init(shape, format))
    while format == .form, bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    for (name, value) in extra {
      let literal = String(decoding: RecordCodec.literal(value), as: UTF8.self)
      switch format {
      case .form:
        bytes += Array("\(bytes.isEmpty ? "" : "&")\(Conformance.encoded(name))=\(Conformance.encoded(literal))".utf8)
      case .xml:
        var text = String(decoding: bytes, as: UTF8.self)
        if let empty = text.firstRange(of: "/>"), !text.contains("</\(recordName(shape))>") {
          text.replaceSubrange(empty, with: "></\(recordName(shape))>")
        }
        let end = try Conformance.required(text.ranges(of: "</\(recordName(shape))>").last, "no end of a record in \(text)")
        bytes = Array(
          (text[..<end.lowerBound] + "<\(name)>\(literal.replacing("&", with: "&amp;").replacing("<", with: "&lt;"))</\(name)>"
            + text[end.lowerBound...]).utf8)
      default:
        bytes = JSONTree.bytes(added(.init(name, value), to: try JSONReference.parse(bytes), template(shape, .json)))
      }
    }
    return bytes
  }

  private func added(_ member: Tree.Member, to tree: Tree, _ template: Template?) -> Tree {
    guard case .object(let members) = tree else { return tree }
    guard case .object(let inner)? = template, let step = inner.first(where: { Conformance.holds($0.value) }) else {
      return .object(members + [member])
    }
    return .object(members.map { $0.name.elementsEqual(step.name.utf8) ? .init($0.name, added(member, to: $0.value, step.value)) : $0 })
  }

  private static func holds(_ template: Template) -> Bool {
    switch template {
    case .record: true
    case .list(let inner): holds(inner)
    case .object(let members): members.contains { holds($0.value) }
    case .bind, .literal: false
    }
  }

  private func template(_ shape: Shape, _ format: Format) -> Template? {
    system.shapes.first { $0.shape == shape }?.write.first { $0.format == format }?.template
  }

  /// The path of names to the record.
  private func path(_ template: Template?) -> [String] {
    switch template {
    case .object(let members)?: members.first { Conformance.holds($0.value) }.map { [$0.name] + path($0.value) } ?? []
    case .list(let inner)?: path(inner)
    default: []
    }
  }

  private func recordName(_ shape: Shape) -> String { path(template(shape, .xml)).last ?? "" }

  // MARK: - Replies

  func text(_ reply: Reply) -> String { String(decoding: reply.body, as: UTF8.self) }

  func tree(_ reply: Reply, _ format: Format) throws -> Tree {
    do {
      if format == .xml {
        let content = try XMLAuthority().document(reply.body).tree()
        // Its root's name is none of it.
        let text = text(reply)[...]
        let start = text.firstRange(of: "?>")?.upperBound ?? text.startIndex
        let root = text[start...].drop { $0 != "<" }.dropFirst().prefix { !["<", ">", "/", " "].contains($0) }
        return .object([.init(String(root), content)])
      }
      return try JSONReference.parse(reply.body)
    } catch {
      throw Failure(text: "the reply is no \(format): \(reply.status) \(text(reply).prefix(200))")
    }
  }

  func body(_ bodies: [(format: Format?, body: Tree)], _ format: Format) -> Tree? {
    let found = (bodies.first { $0.format == format } ?? bodies.first { $0.format == nil })?.body
    // An XML document has one root.
    if format == .xml, case .object(let members)? = found, members.count > 1 { return .object([.init("reply", .object(members))]) }
    return found
  }

  /// What the `$names` of a described document are in a real one; `$` itself where the two do not agree.
  func bind(_ described: Tree, _ real: Tree) -> [String: String] {
    var found: [String: String] = [:]
    func walk(_ described: Tree, _ real: Tree?) {
      guard let real else { return found["$"] = "a member is missing" }
      switch (described, real) {
      case (.object(let members), .object): for member in members { walk(member.value, real[String(decoding: member.name, as: UTF8.self)]) }
      // XML has a list of one as the one.
      case (.array(let items), .array(let others)) where items.count == others.count: for (one, other) in zip(items, others) { walk(one, other) }
      case (.array(let items), _) where items.count == 1: walk(items[0], real)
      case (.text(let text), _) where text.first == UInt8(ascii: "$"):
        found[String(decoding: text.dropFirst(), as: UTF8.self)] = String(decoding: RecordCodec.literal(real), as: UTF8.self)
      case (.text(let text), _) where text.contains(UInt8(ascii: "$")): break
      default:
        if RecordCodec.literal(described) != RecordCodec.literal(real) { found["$"] = "\(described) is \(real)" }
      }
    }
    walk(described, real)
    return found
  }

  /// Whether one of the described replies fits, with a message in it.
  func bindsMessage(_ template: Template, _ tree: Tree?) -> Bool {
    guard let tree else { return false }
    switch template {
    case .bind("message"): return !RecordCodec.literal(tree).isEmpty
    case .bind, .record: return true
    case .literal(let value): return RecordCodec.literal(value) == RecordCodec.literal(tree)
    case .list(let inner):
      if case .array(let items) = tree { return items.allSatisfy { bindsMessage(inner, $0) } }
      return bindsMessage(inner, tree)
    case .object(let members):
      guard case .object(let own) = tree else { return false }
      return members.allSatisfy { member in
        member.name == "*" ? own.contains { bindsMessage(member.value, $0.value) } : bindsMessage(member.value, tree[member.name])
      }
    }
  }

  /// The records of a reply, in its order.
  func records(_ reply: Reply, _ operation: API.Operation, _ format: Format) throws -> [RecordCodec.Record] {
    let shape = try Conformance.required(operation.reply.shape, "the reply has no shape")
    let own = operation.reply.envelopes.first { $0.format == format }?.template ?? template(shape, format)
    if format == .xml {
      var text = self.text(reply)
      let names = path(own)
      let name = names.last ?? ""
      var records: [RecordCodec.Record] = []
      let outer = path(template(.single, .xml)).dropLast()
      while let start = [text.firstRange(of: "<\(name)>"), text.firstRange(of: "<\(name) ")].compactMap({ $0?.lowerBound }).min(),
        let end = text[start...].firstRange(of: "</\(name)>")
      {
        let wrapped = outer.map { "<\($0)>" }.joined() + text[start..<end.upperBound] + outer.reversed().map { "</\($0)>" }.joined()
        records.append(try read(Array(wrapped.utf8), .init(.single, .xml)))
        text = String(text[end.upperBound...])
      }
      return records
    }
    func found(_ template: Template?, _ tree: Tree?) throws -> [Tree] {
      guard let tree else { throw Failure(text: "not the described shape: \(text(reply).prefix(300))") }
      switch (template, tree) {
      case (.record?, .object): return [tree]
      case (.list(let inner)?, .array(let items)): return try items.flatMap { try found(inner, $0) }
      case (.object(let members)?, .object): return try members.filter { Conformance.holds($0.value) }.flatMap { try found($0.value, tree[$0.name]) }
      default: throw Failure(text: "not the described shape: \(text(reply).prefix(300))")
      }
    }
    return try found(own, try tree(reply, format)).map { try read(JSONTree.bytes($0), .init(.list, .ndjson)) }
  }

  private func read(_ bytes: [UInt8], _ form: RecordCodec.Form) throws -> RecordCodec.Record {
    do {
      return try codec.read(bytes, form).record
    } catch {
      throw Failure(text: "unreadable as \(form.format): \(error.reason) in \(String(decoding: bytes.prefix(300), as: UTF8.self))")
    }
  }

  func literal(_ value: Tree?) -> String { String(decoding: RecordCodec.literal(value), as: UTF8.self) }

  func id(of record: RecordCodec.Record) -> String { literal(record[idLeaf]) }

  // MARK: - Holding one to the other

  func expect(_ holds: Bool, _ problem: @autoclosure () -> String) { if !holds { problems.append(problem()) } }

  func expectStatus(_ reply: Reply, _ operation: API.Operation, _ what: String = "") {
    expect(
      reply.status == operation.reply.status,
      "\(operation.kind.rawValue) \(what): status \(reply.status), described \(operation.reply.status): \(text(reply).prefix(300))")
  }

  func same(_ real: RecordCodec.Record, _ wanted: RecordCodec.Record, _ leaves: [Int], but: Set<String> = [], _ what: String) {
    for leaf in leaves where leaf != idLeaf && !but.contains(codec.leaves[leaf].name) && literal(real[leaf]) != literal(wanted[leaf]) {
      problems.append("\(what): \(codec.leaves[leaf].name) is `\(literal(real[leaf]))`, should be `\(literal(wanted[leaf]))`")
    }
  }

  private static let statuses: [API.Refusal: Int] = [
    .unauthorized: 401, .forbidden: 403, .notFound: 404, .noPath: 404, .noMethod: 405, .format: 406, .inUse: 409, .none: 404, .throttled: 429,
  ]

  /// A refusal as the description has it: status, headers, code and message.
  func refused(_ reply: Reply, _ why: API.Refusal, _ operation: API.Operation?, format: Format? = nil, isHead: Bool = false, _ what: String = "") throws {
    let own = operation?.refusals
    let what = "\(operation?.kind.rawValue ?? "") \(why.rawValue) \(what)"
    guard let rule = own?.rules[why] ?? api.refusals.rules[why] else {
      // Not described: another refusal of the system's, and never a success.
      let isOther = api.refusals.rules.values.contains { ($0.status ?? 200) == reply.status && $0.code != nil }
      return expect((400..<500).contains(reply.status) || isOther, "\(what): status \(reply.status): \(text(reply).prefix(200))")
    }
    let status = rule.status ?? (rule.code == nil ? Conformance.statuses[why] ?? 400 : 200)
    expect(reply.status == status, "\(what): status \(reply.status), described \(status): \(text(reply).prefix(300))")
    for header in rule.headers {
      let value = reply.headers.first { $0.name == header.name }?.value
      expect(value != nil && !(value ?? "").contains("$"), "\(what): header \(header.name) is \(value ?? "missing")")
    }
    let format = format ?? formats[0]
    guard !isHead, let described = body(own?.bodies ?? [], format) ?? body(api.refusals.bodies, format) else { return }
    let parts = (rule.message ?? "").split(separator: "$field", omittingEmptySubsequences: true)
    if case .text(let page) = described {
      if page.isEmpty { return expect(reply.body.isEmpty, "\(what): a body \(text(reply))") }
      return expect(parts.allSatisfy { text(reply).contains($0) }, "\(what): no message in \(text(reply))")
    }
    let real = try tree(reply, format)
    let found = bind(described, real)
    expect(found["$"] == nil, "\(what): \(found["$"] ?? "")")
    expect(parts.allSatisfy { (found["message"] ?? "").contains($0) }, "\(what): the message is `\(found["message"] ?? "")`, described `\(rule.message ?? "")`")
    if let code = rule.code, found["code"] != nil { expect(found["code"] == literal(code), "\(what): code \(found["code"] ?? "")") }
    if !system.replies.error.isEmpty {
      expect(system.replies.error.contains { bindsMessage($0, real) }, "\(what): none of `replies.error` fits \(text(reply))")
    }
  }

  // MARK: - Records

  /// Creates one and gives its id.
  @discardableResult func create(_ record: RecordCodec.Record, format: Format? = nil, replyFormat: Format? = nil, call: API.Call? = nil) async throws -> String {
    let operation = try operation(.create)
    let format = format ?? mainFormat(.create)
    let reply = try await send(
      operation, body: try body(record, .create, format), bodyFormat: format,
      format: replyFormat ?? (format == .form ? nil : format), call: call)
    expectStatus(reply, operation)
    let id = try createdId(reply, operation, replyFormat ?? (format == .form ? formats[0] : format))
    var record = record
    for (name, value) in api.record.defaults {
      if let leaf = codec.index(of: name), record[leaf] == nil { record[leaf] = value }
    }
    known.append((id, record))
    lastNumber = Int(id) ?? 0
    return id
  }

  /// By the described body, the record or `Location`.
  private func createdId(_ reply: Reply, _ operation: API.Operation, _ format: Format) throws -> String {
    if operation.reply.shape != nil {
      let record = try Conformance.required(try records(reply, operation, format).first, "no record in \(text(reply))")
      return id(of: record)
    }
    if let described = body(operation.reply.bodies, format) {
      let found = bind(described, try tree(reply, format))
      expect(found["$"] == nil, "create: \(found["$"] ?? "")")
      if let id = found["id"] { return id }
    }
    let described = try Conformance.required(operation.reply.headers.first { $0.value.contains("$id") }, "the reply to a create has no id")
    let value = try Conformance.required(reply.headers.first { $0.name == described.name }?.value, "no \(described.name)")
    let sides = described.value.split(separator: "$id", omittingEmptySubsequences: false)
    return String(value.dropFirst(sides[0].count).dropLast(sides.count > 1 ? sides[1].count : 0))
  }

  func detail(_ id: String, format: Format? = nil, query: Pairs = []) async throws -> RecordCodec.Record {
    let operation = try operation(.detail)
    let reply = try await send(operation, id: id, query: query, format: format)
    expectStatus(reply, operation)
    let record = try Conformance.required(try records(reply, operation, format ?? formats[0]).first, "no record: \(text(reply))")
    expect(self.id(of: record) == id, "detail of \(id) has the id \(self.id(of: record))")
    return record
  }

  /// With the view that shows the most.
  var fullView: Pairs {
    guard let view = api.operations.first(where: { $0.kind == .detail })?.view else { return [] }
    return view.choices.first { $0.fields == .single }.map { [(view.parameter, $0.word)] } ?? []
  }

  func fullDetail(_ id: String, format: Format? = nil) async throws -> RecordCodec.Record { try await detail(id, format: format, query: fullView) }

  /// The id in the body of an update, where one stands there.
  func updateId(_ id: String) -> Tree? {
    let hasParameter = api.operations.contains { $0.kind == .update && $0.idParameter != nil }
    return field(idLeaf).shapes.contains(.update) && !hasParameter ? .text(id) : nil
  }

  func update(
    _ id: String, _ record: RecordCodec.Record, extra: [(name: String, value: Tree)] = [], format: Format? = nil
  ) async throws -> Reply {
    let operation = try operation(.update)
    let format = format ?? mainFormat(.update)
    var record = record
    record[idLeaf] = record[idLeaf] ?? updateId(id)
    return try await send(
      operation, id: id, body: try body(record, .update, format, extra: extra), bodyFormat: format, format: format == .form ? nil : format)
  }

  /// Puts a record in as data that was there before; its id.
  @discardableResult func seed(_ record: RecordCodec.Record) async throws -> String {
    var record = record
    let id = String(700_000 + known.count)
    record[idLeaf] = .text(id)
    var form = RecordCodec.Form(.list, .json, fields: .single)
    form.envelope = .record
    let bytes = try codec.write([record], form)
    try await sandbox.seed(system.name, [bytes])
    known.append((id, record))
    return id
  }

  /// The ids of a list's reply.
  func ids(_ query: Pairs = [], format: Format? = nil, kind: API.Kind = .list) async throws -> [String] {
    let operation = try operation(kind)
    let format = format ?? formats[0]
    let reply = try await send(operation, query: query, format: format)
    if known.isEmpty || reply.status != operation.reply.status || isEmptyList(reply, operation, format) { return [] }
    return try records(reply, operation, format).map { id(of: $0) }
  }

  func isEmptyList(_ reply: Reply, _ operation: API.Operation, _ format: Format) -> Bool {
    if operation.reply.refusesNone, let rule = api.refusals.rules[.none], let code = rule.code {
      return text(reply).contains(literal(code)) && !text(reply).contains(codec.leaves[idLeaf].name)
    }
    guard let empty = operation.reply.empty.first(where: { $0.format == format })?.body else { return false }
    return (try? tree(reply, format)).map { bind(empty, $0)["$"] == nil } ?? false
  }
}
