import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import CrosswalkSandbox

/// The checks, in the order in which they run: those on lists begin with a new sandbox, the others use one together.
extension Conformance {
  typealias Check = @Sendable (Conformance) async throws -> Void

  static let checks: [(name: String, check: Check)] = [
    ("a list without records is answered as described", { try await $0.emptyLists() }),
    ("each way of signing in is taken", { try await $0.signingIn() }),
    ("nothing is answered without a sign-in", { try await $0.notSignedIn() }),
    ("a wrong secret is refused", { try await $0.wrongSecrets() }),
    ("a session ends after its hours", { try await $0.sessionEnds() }),
    ("a log-in with a wrong member is refused", { try await $0.wrongLogIn() }),
    ("the least record can be created", { try await $0.leastRecord() }),
    ("every writable field reads back in every format", { try await $0.wholeRecord() }),
    ("each call of an operation does the same", { try await $0.allCalls() }),
    ("a create without a required field is refused", { try await $0.missingFields() }),
    ("a field that is not known is ignored or refused", { try await $0.unknownFields() }),
    ("a field that may not be written is ignored or refused", { try await $0.unwritableFields() }),
    ("a value that its field cannot have is refused", { try await $0.wrongValues() }),
    ("a text that its field does not take is refused", { try await $0.ruledValues() }),
    ("a unique value stands once", { try await $0.uniqueValues() }),
    ("what a create leaves out has its default", { try await $0.defaults() }),
    ("ids are counted", { try await $0.countedIds() }),
    ("times and versions are kept", { try await $0.keptFields() }),
    ("derived texts are composed anew", { try await $0.composedTexts() }),
    ("an update changes only what was sent", { try await $0.updates() }),
    ("an update without a required field is refused", { try await $0.missingInUpdates() }),
    ("an update that empties a required field is refused or not", { try await $0.emptied() }),
    ("fields that an update leaves out are reset", { try await $0.resets() }),
    ("path and body of an update agree", { try await $0.otherId() }),
    ("a record that is not there is refused", { try await $0.noRecord() }),
    ("a call without its id is refused", { try await $0.noId() }),
    ("a toggle turns over and back", { try await $0.toggles() }),
    ("a record in use is neither switched off nor deleted", { try await $0.inUse() }),
    ("a deleted record is gone", { try await $0.deletes() }),
    ("several are deleted at once", { try await $0.deletesSeveral() }),
    ("a list has every record in its order in every format", { try await $0.wholeList() }),
    ("a filter keeps what matches and no more", { try await $0.filters() }),
    ("a view shows its fields", { try await $0.views() }),
    ("a field that is shown on demand stands there only then", { try await $0.onDemand() }),
    ("all pages together have every record once", { try await $0.pages() }),
    ("no page is larger than the largest", { try await $0.largestPage() }),
    ("a page that is no number is refused", { try await $0.wrongPage() }),
    ("records are counted", { try await $0.counts() }),
    ("a pick list has id and name of each", { try await $0.pickLists() }),
    ("what stands apart has a list of its own", { try await $0.parts() }),
    ("limits are told", { try await $0.limits() }),
    ("parameters come in the query or in a form", { try await $0.forms() }),
    ("a path that is not described is refused", { try await $0.noPath() }),
    ("a method that is not described is refused", { try await $0.noMethod() }),
    ("a body that cannot be read is refused", { try await $0.malformed() }),
    ("headers that do not name the format are refused", { try await $0.unfitHeaders() }),
    ("the first header that names a format decides", { try await $0.chosenFormat() }),
    ("some agents get the first format", { try await $0.agents() }),
    ("upper and lower case of a path are alike or not", { try await $0.pathCase() }),
    ("the vendor's own path and the system's name lead to the same", { try await $0.prefixes() }),
    ("HEAD is GET without a body", { try await $0.heads() }),
    ("the call after the last allowed one is refused until the wait is over", { try await $0.pacing() }),
  ]

  // MARK: - Signing in

  private func probe() throws -> (API.Operation, String?) {
    if known.isEmpty { throw Failure(text: "no record to look at") }
    return (try operation(.list), nil)
  }

  private func emptyLists() async throws {
    try restart()
    let operation = try operation(.list)
    for format in formats {
      let reply = try await send(operation, format: format)
      if operation.reply.refusesNone {
        try refused(reply, .none, operation, format: format)
      } else if let empty = operation.reply.empty.first(where: { $0.format == format })?.body {
        expectStatus(reply, operation)
        let found = bind(empty, try tree(reply, format))
        expect(found["$"] == nil, "\(format): \(found["$"] ?? "")")
      } else {
        expectStatus(reply, operation)
        expect(try records(reply, operation, format).isEmpty, "\(format): records in \(text(reply))")
      }
    }
  }

  private func signingIn() async throws {
    if api.signIn.isEmpty { throw Unneeded() }
    try await create(whole)
    let (operation, id) = try probe()
    for way in api.signIn {
      let reply = try await send(operation, id: id, query: everything(operation), ofSignIn: try await signIn(way))
      expectStatus(reply, operation, "\(way.kind)")
    }
  }

  private func notSignedIn() async throws {
    if api.signIn.isEmpty { throw Unneeded() }
    for operation in api.operations where operation.kind != .session {
      for call in operation.calls {
        let reply = try await send(operation, id: known.first?.id, call: call, isSigned: false)
        try refused(reply, .unauthorized, operation)
      }
    }
  }

  private func wrongSecrets() async throws {
    if api.signIn.isEmpty { throw Unneeded() }
    let (operation, id) = try probe()
    for way in api.signIn {
      try refused(try await send(operation, id: id, query: everything(operation), ofSignIn: try await signIn(way, spoiled: "x")), .unauthorized, operation)
    }
  }

  private func sessionEnds() async throws {
    guard let way = api.signIn.first(where: { $0.sessionHours != nil }), let hours = way.sessionHours else { throw Unneeded() }
    let (operation, id) = try probe()
    let signed = try await signIn(way)
    await pass(seconds: 3600 * hours - 10)
    expectStatus(try await send(operation, id: id, query: everything(operation), ofSignIn: signed), operation, "before the end")
    await pass(seconds: 20)
    try refused(try await send(operation, id: id, query: everything(operation), ofSignIn: signed), .unauthorized, operation)
  }

  private func wrongLogIn() async throws {
    let operation = try operation(.session)
    guard case .members(let members)? = operation.body else { throw Unneeded() }
    for member in members { try refused(try await sessionReply((member.name, "wrong")), .unauthorized, operation, member.name) }
  }

  // MARK: - Creating

  private func leastRecord() async throws {
    for format in bodyFormats(.create) {
      let record = least
      let id = try await create(record, format: format)
      same(try await fullDetail(id), known.last?.record ?? record, shown(try operation(.detail), view: fullWord), but: own, "\(format)")
    }
  }

  /// The view that shows all of a record.
  private var fullWord: String? {
    api.operations.first { $0.kind == .detail }?.view?.choices.first { $0.fields == .single && $0.without.isEmpty }?.word
  }

  private func wholeRecord() async throws {
    let operation = try operation(.create)
    for format in bodyFormats(.create) {
      let id = try await create(whole, format: format)
      guard let record = known.last?.record else { return }
      for other in formats {
        same(try await fullDetail(id, format: other), record, shown(try self.operation(.detail), view: fullWord), but: own, "\(format), read as \(other)")
        same(try await detail(id, format: other), record, shown(try self.operation(.detail)), but: own, "\(format), read as \(other)")
      }
    }
    // Each format of a reply, and the headers that are described.
    for format in formats where bodyFormats(.create).contains(format) || bodyFormats(.create) == [.form] {
      let record = whole
      let own = bodyFormats(.create).contains(format) ? format : .form
      let reply = try await send(operation, body: try body(record, .create, own), bodyFormat: own, format: format)
      expectStatus(reply, operation)
      let id = try await lastId()
      known.append((id, record))
      for header in operation.reply.headers {
        let value = reply.headers.first { $0.name == header.name }?.value
        expect(value == header.value.replacing("$id", with: id), "\(header.name) is \(value ?? "missing"), the id is \(id)")
      }
      if operation.reply.shape != nil {
        let shown = try records(reply, operation, format)
        expect(shown.count == 1, "\(shown.count) records in the reply")
        if let first = shown.first { same(first, known.last?.record ?? record, self.shown(operation), but: self.own.union(api.record.defaults.map(\.field)), "reply in \(format)") }
      } else if let described = body(operation.reply.bodies, format) {
        let found = bind(described, try tree(reply, format))
        expect(found["$"] == nil && found["message"] ?? "" == operation.reply.message ?? "", "\(format): \(text(reply))")
      } else {
        expect(reply.body.isEmpty, "a body that is not described: \(text(reply))")
      }
    }
  }

  /// Of the record that was created just now: ids are counted.
  private func lastId() async throws -> String {
    lastNumber += 1
    return String(lastNumber)
  }

  private func allCalls() async throws {
    guard api.operations.contains(where: { $0.calls.count > 1 && $0.kind != .toggle && $0.kind != .session }) else { throw Unneeded() }
    for operation in api.operations {
      for call in operation.calls.dropFirst() {
        switch operation.kind {
        case .create:
          let id = try await create(whole, call: call)
          same(try await fullDetail(id), known.last?.record ?? [], shown(try self.operation(.detail), view: fullWord), but: own, "\(call)")
        case .update:
          let id = try await create(whole)
          let format = mainFormat(.update)
          let own = writable(.update).first { !unique.contains($0) && field($0).type == .text } ?? 0
          var change = record([own])
          change[idLeaf] = updateId(id)
          let reply = try await send(operation, id: id, body: try body(change, .update, format), bodyFormat: format, call: call)
          expectStatus(reply, operation, "\(call)")
          known[known.count - 1].record = try await fullDetail(id)
        case .delete:
          let id = try await create(whole)
          expectStatus(try await send(operation, id: id, call: call), operation, "\(call)")
          known.removeLast()
        case .part, .parts: break
        default: expectStatus(try await send(operation, id: known[0].id, call: call), operation, "\(call)")
        }
      }
    }
  }

  private func missingFields() async throws {
    let operation = try operation(.create)
    let needed = codec.leaves.indices.filter(isNeeded)
    if needed.isEmpty { throw Unneeded() }
    for leaf in needed {
      var record = whole
      record[leaf] = nil
      for format in bodyFormats(.create) {
        let reply = try await send(operation, body: try body(record, .create, format), bodyFormat: format, format: format == .form ? nil : format)
        try refused(reply, .missing, operation, format: format == .form ? nil : format, codec.leaves[leaf].name)
      }
    }
  }

  private func unknownFields() async throws {
    for (kind, shape) in [(API.Kind.create, Shape.create), (.update, .update)] where has(kind) {
      let operation = try operation(kind)
      let id = kind == .update ? try await create(whole) : nil
      for format in bodyFormats(shape) {
        let reply: Reply
        if let id {
          reply = try await update(id, record([]), extra: [("nobodyKnows", .text("1"))], format: format)
        } else {
          reply = try await send(
            operation, body: try body(whole, shape, format, extra: [("nobodyKnows", .text("1"))]), bodyFormat: format,
            format: format == .form ? nil : format)
        }
        if api.record.refusesUnknown {
          try refused(reply, .unknown, operation, format: format == .form ? nil : format)
        } else {
          expectStatus(reply, operation)
          if kind == .create { try await takeLast() }
        }
      }
    }
  }

  /// A record that was created by a plain call becomes known.
  private func takeLast() async throws {
    let id = try await lastId()
    known.append((id, try await fullDetail(id)))
  }

  private func unwritableFields() async throws {
    let operation = try operation(.update)
    let fixed = codec.leaves.indices.filter {
      $0 != idLeaf && !field($0).shapes.contains(.update) && field($0).shapes.contains(.single) && !codec.leaves[$0].name.contains(".")
        && field($0).type == .text && !codec.leaves[$0].name.contains("[")
    }
    // In an object of its own where there is no plain one.
    let nested = codec.leaves.indices.filter { $0 != idLeaf && !field($0).shapes.contains(.update) && codec.leaves[$0].name.split(separator: ".").count == 2 && !codec.leaves[$0].name.contains("[") }
    guard let leaf = fixed.first ?? nested.first else { throw Unneeded() }
    let id = try await create(whole)
    let before = try await fullDetail(id)
    let parts = codec.leaves[leaf].name.split(separator: ".").map(String.init)
    let format = bodyFormats(.update).first { $0 != .xml } ?? .xml
    var name = parts[0]
    for rule in system.names where rule.format == format && rule.namespace == nil { name = name.replacing(rule.from, with: rule.to) }
    if format == .form || format == .xml { if parts.count > 1 { throw Unneeded() } }
    let value: Tree = parts.count > 1 ? .object([.init(parts[1], .text("changed"))]) : .text("changed")
    let reply = try await update(id, record([]), extra: [(name, value)], format: format)
    if api.record.refusesUnwritable || api.record.refusesUnknown && !field(leaf).shapes.contains(.single) {
      try refused(reply, .unknown, operation, format: format == .form ? nil : format, name)
    } else {
      expectStatus(reply, operation, name)
    }
    let after = try await fullDetail(id)
    expect(literal(after[leaf]) == literal(before[leaf]), "\(name) was changed")
  }

  private func wrongValues() async throws {
    let operation = try operation(.create)
    let typed = writable(.create).filter { [.integer, .boolean, .choice].contains(field($0).type) && !codec.leaves[$0].name.contains(".") }
    let wrong = typed.filter { field($0).type != .choice || field($0).transforms.contains { $0.name == "choice" } }
    if wrong.isEmpty { throw Unneeded() }
    for leaf in wrong {
      var record = whole
      record[leaf] = .text("neither this nor that")
      let format = mainFormat(.create)
      let reply = try await send(operation, body: try body(record, .create, format), bodyFormat: format)
      try refused(reply, .wrong, operation, codec.leaves[leaf].name)
    }
  }

  private func ruledValues() async throws {
    if api.record.values.isEmpty { throw Unneeded() }
    let operation = try operation(.create)
    let format = mainFormat(.create)
    for (name, rule) in api.record.values {
      let leaf = try Conformance.required(codec.index(of: name), "no field \(name)")
      let wrong =
        switch rule {
        case .characters(let count): [String(repeating: "é", count: count + 1), String(repeating: "é", count: count - 1)]
        case .capitals(let count): [String(repeating: "x", count: count), String(repeating: "X", count: count + 1), String(repeating: "É", count: count)]
        case .labelled(let count): ["Crowns", String(repeating: "X", count: count), "Crowns - " + String(repeating: "x", count: count)]
        }
      for text in wrong where !text.isEmpty {
        var record = whole
        record[leaf] = .text(text)
        try refused(try await send(operation, body: try body(record, .create, format), bodyFormat: format), .wrong, operation, name)
      }
    }
  }

  private func missingInUpdates() async throws {
    let operation = try operation(.update)
    let needed = codec.leaves.indices.filter { field($0).required.contains(.update) && codec.leaves[$0].name == field($0).name }
    guard !needed.isEmpty, operation.idParameter == nil else { throw Unneeded() }
    let id = try await create(least)
    for leaf in needed {
      for format in bodyFormats(.update) {
        var change = record([writable(.update)[0]] + needed.filter { $0 != idLeaf })
        change[idLeaf] = .text(id)
        change[leaf] = nil
        let reply = try await send(operation, id: id, body: try body(change, .update, format), bodyFormat: format, format: format == .form ? nil : format)
        try refused(reply, .missing, operation, format: format == .form ? nil : format, codec.leaves[leaf].name)
      }
    }
  }

  private func uniqueValues() async throws {
    let own = unique.filter { writable(.create).contains($0) }
    if own.isEmpty { throw Unneeded() }
    let operation = try operation(.create)
    let format = mainFormat(.create)
    for leaf in own {
      let first = whole
      try await create(first)
      var second = whole
      second[leaf] = first[leaf]
      let reply = try await send(operation, body: try body(second, .create, format), bodyFormat: format)
      try refused(reply, .exists, operation, codec.leaves[leaf].name)
      for (how, text) in [(API.RecordRules.Alike.case, literal(first[leaf]).uppercased()), (.blanks, " " + literal(first[leaf]).replacing(" ", with: "   "))]
      where text != literal(first[leaf]) && !api.record.values.contains(where: { $0.field == codec.leaves[leaf].name }) {
        second = whole
        second[leaf] = .text(text)
        let reply = try await send(operation, body: try body(second, .create, format), bodyFormat: format)
        if api.record.alike.contains(how) {
          try refused(reply, .exists, operation, codec.leaves[leaf].name)
        } else {
          expectStatus(reply, operation, "\(text) beside \(literal(first[leaf]))")
          known.append((try await lastId(), second))
        }
      }
      guard has(.update), writable(.update).contains(leaf) else { continue }
      let id = try await create(whole)
      var change = record([])
      change[leaf] = first[leaf]
      try refused(try await update(id, change), .exists, try self.operation(.update), format: updateFormat, codec.leaves[leaf].name)
      // Its own value is no other's.
      change[leaf] = known.last?.record[leaf]
      expectStatus(try await update(id, change), try self.operation(.update), "with its own value")
      known[known.count - 1].record = try await fullDetail(id)
    }
  }

  private func defaults() async throws {
    if api.record.defaults.isEmpty { throw Unneeded() }
    let record = try await fullDetail(try await create(least))
    for (name, value) in api.record.defaults {
      guard let leaf = codec.index(of: name) else { continue }
      expect(literal(record[leaf]) == literal(value), "\(name) is `\(literal(record[leaf]))`")
    }
  }

  private func countedIds() async throws {
    guard api.record.kept.contains(where: { if case .number = $0.kept { true } else { false } }) else { throw Unneeded() }
    let sandbox = sandbox, known = known, lastNumber = lastNumber
    try restart()
    for case (_, .number(let first)) in api.record.kept {
      for number in 0..<2 {
        let id = try await create(least)
        expect(id == String((Int(first) ?? 0) + number), "the id is \(id), counted from \(first)")
      }
    }
    (self.sandbox, self.known, self.lastNumber) = (sandbox, known, lastNumber)
    await pass(seconds: 3600)
  }

  private func keptFields() async throws {
    let kept = api.record.kept.filter { if case .number = $0.kept { false } else { true } }
    if kept.isEmpty { throw Unneeded() }
    let operation = try operation(.update)
    let id = try await create(whole)
    let before = try await fullDetail(id)
    await pass(seconds: 100)
    let change = writable(.update).first { !unique.contains($0) && field($0).type == .text } ?? 0
    expectStatus(try await update(id, record([change])), operation)
    let after = try await fullDetail(id)
    known[known.count - 1].record = after
    for (name, how) in kept {
      guard let leaf = codec.index(of: name) else { continue }
      let (one, other) = (literal(before[leaf]), literal(after[leaf]))
      switch how {
      case .created: expect(!one.isEmpty && one == other, "\(name) was \(one), is \(other)")
      case .updated:
        let passed = (RecordCodec.seconds(Array(other.utf8)) ?? 0) - (RecordCodec.seconds(Array(one.utf8)) ?? 0)
        expect((100..<200).contains(passed), "\(name) was \(one), is \(other)")
      case .version: expect(one == "1" && other == "2", "\(name) was \(one), is \(other)")
      case .number: break
      }
    }
  }

  private func composedTexts() async throws {
    if api.record.compose.isEmpty { throw Unneeded() }
    let id = try await create(whole)
    guard let sent = known.last?.record else { return }
    let basic = try await detail(id)
    let full = try await fullDetail(id)
    for (name, lines) in api.record.compose {
      guard let leaf = codec.index(of: name) else { continue }
      var wanted = lines.joined(separator: "\n")
      for own in codec.leaves.indices.sorted(by: { codec.leaves[$0].name.count > codec.leaves[$1].name.count }) {
        wanted = wanted.replacing("$\(codec.leaves[own].name)", with: literal(sent[own]))
      }
      let real = literal(basic[leaf] ?? full[leaf])
      expect(real == wanted, "\(name) is `\(real)`, should be `\(wanted)`")
    }
  }

  // MARK: - Updating

  /// Of the reply to an update.
  private var updateFormat: Format? { mainFormat(.update) == .form ? nil : mainFormat(.update) }

  private func updates() async throws {
    let operation = try operation(.update)
    let id = try await create(whole)
    var wanted = try await fullDetail(id)
    let leaves = shown(try self.operation(.detail), view: fullWord)
    let format = bodyFormats(.update)
    let resets = Set(api.record.resets)
    for (number, leaf) in writable(.update).prefix(isBrief ? 3 : 1000).enumerated() {
      var change = record([leaf])
      if field(leaf).type == .boolean { change[leaf] = .bool(false) }
      expectStatus(try await update(id, change, format: format[number % format.count]), operation, codec.leaves[leaf].name)
      if literal(wanted[leaf]) != literal(change[leaf]) {
        // What repeats it and cannot be sent is no longer true.
        for other in codec.leaves.indices where field(other).derivedFrom.contains(codec.leaves[leaf].name) && !field(other).shapes.contains(.update) {
          wanted[other] = nil
        }
      }
      wanted[leaf] = change[leaf]
      same(try await fullDetail(id), wanted, leaves, but: own.union(resets), "after \(codec.leaves[leaf].name)")
    }
    known[known.count - 1].record = try await fullDetail(id)
  }

  private func emptied() async throws {
    let operation = try operation(.update)
    guard let leaf = writable(.update).first(where: { isNeeded($0) }) else { throw Unneeded() }
    let id = try await create(whole)
    let name = field(leaf).writeNames[.update] ?? codec.leaves[leaf].name
    let reply = try await update(id, record([]), extra: [(name, .text(""))])
    if api.record.refusesEmptied {
      try refused(reply, .missing, operation, format: updateFormat, name)
      expect(literal(try await fullDetail(id)[leaf]) == literal(known.last?.record[leaf]), "\(name) was emptied")
    } else {
      expectStatus(reply, operation)
      known[known.count - 1].record = try await fullDetail(id)
    }
  }

  private func resets() async throws {
    if api.record.resets.isEmpty { throw Unneeded() }
    let id = try await create(whole)
    guard let leaf = writable(.update).first(where: { !api.record.resets.contains(codec.leaves[$0].name) && !unique.contains($0) && field($0).type == .text })
    else { throw Unneeded() }
    expectStatus(try await update(id, record([leaf])), try operation(.update))
    let after = try await fullDetail(id)
    known[known.count - 1].record = after
    for name in api.record.resets {
      guard let leaf = codec.index(of: name) else { continue }
      let wanted = literal(api.record.defaults.first { $0.field == name }?.value)
      expect(literal(after[leaf]) == wanted, "\(name) is `\(literal(after[leaf]))`, should be `\(wanted)`")
    }
  }

  private func otherId() async throws {
    let operation = try operation(.update)
    guard field(idLeaf).shapes.contains(.update), operation.idParameter == nil else { throw Unneeded() }
    let id = try await create(least)
    var change = record([])
    change[idLeaf] = .text("999")
    try refused(try await update(id, change), .wrong, operation, format: updateFormat)
  }

  private func noRecord() async throws {
    let kinds: [API.Kind] = [.detail, .update, .toggle, .delete, .part]
    for operation in api.operations where kinds.contains(operation.kind) {
      let format = operation.kind == .update ? mainFormat(.update) : nil
      var change = record([writable(.update)[0]])
      change[idLeaf] = updateId("99999999")
      let body = operation.kind == .update ? try body(change, .update, mainFormat(.update)) : []
      try refused(try await send(operation, id: "99999999", body: body, bodyFormat: format), .notFound, operation)
    }
  }

  private func noId() async throws {
    let own = api.operations.filter { $0.idParameter != nil }
    if own.isEmpty { throw Unneeded() }
    for operation in own {
      let isForm = operation.kind == .update
      let body = isForm ? try body(record([writable(.update)[0]]), .update, mainFormat(.update)) : []
      try refused(try await send(operation, body: body, bodyFormat: isForm ? mainFormat(.update) : nil), .missing, operation)
    }
  }

  private func toggles() async throws {
    let operation = try operation(.toggle)
    let leaf = try Conformance.required(operation.field.flatMap { codec.index(of: $0) }, "no field")
    let id = try await create(whole)
    let first = literal(try await fullDetail(id)[leaf])
    for turn in 1...2 {
      let reply = try await send(operation, id: id)
      expectStatus(reply, operation)
      for header in operation.reply.headers {
        expect(reply.headers.contains { $0.name == header.name && $0.value == header.value.replacing("$id", with: id) }, "\(header.name) is missing")
      }
      let now = literal(try await fullDetail(id)[leaf])
      expect((now == first) == (turn == 2), "turn \(turn): \(first), then \(now)")
    }
  }

  private func inUse() async throws {
    guard has(.toggle) || has(.delete) else { throw Unneeded() }
    let id = try await create(whole)
    if has(.toggle), let operation = try? operation(.toggle), let leaf = operation.field.flatMap({ codec.index(of: $0) }),
      literal(try await fullDetail(id)[leaf]) != "true"
    {
      _ = try await send(operation, id: id)
    }
    expect(await control("in-use", "\(system.name) \(id)") == 200, "in-use")
    for kind in [API.Kind.toggle, .delete] where has(kind) {
      try refused(try await send(try operation(kind), id: id), .inUse, try operation(kind))
    }
    _ = try await fullDetail(id)
  }

  private func deletes() async throws {
    let operation = try operation(.delete)
    let id = try await create(whole)
    for format in formats.prefix(1) {
      let reply = try await send(operation, id: id, format: format)
      expectStatus(reply, operation)
      if let described = body(operation.reply.bodies, format) {
        let found = bind(described, try tree(reply, format))
        expect(found["$"] == nil, "\(found["$"] ?? "")")
      }
    }
    known.removeLast()
    try refused(try await send(try self.operation(.detail), id: id), .notFound, try self.operation(.detail))
    try refused(try await send(operation, id: id), .notFound, operation)
    expect(!(try await ids()).contains(id), "the list has it still")
  }

  private func deletesSeveral() async throws {
    let operation = try operation(.delete)
    guard operation.ids > 1 else { throw Unneeded() }
    var ids: [String] = []
    for _ in 0..<2 { ids.append(try await create(whole)) }
    known.removeLast(2)
    expectStatus(try await send(operation, id: ids.joined(separator: ",")), operation)
    for id in ids { try refused(try await send(try self.operation(.detail), id: id), .notFound, try self.operation(.detail)) }
    let many = Array(repeating: "1", count: operation.ids + 1).joined(separator: ",")
    try refused(try await send(operation, id: many), .wrong, operation)
  }

  // MARK: - Listing

  /// Four records that have something in every field, each time other values, and in flags both.
  private func fill() async throws {
    if known.count == 4, known.allSatisfy({ $0.id.hasPrefix("70000") }) { return }
    try restart()
    for number in 0..<4 {
      var record = self.record(codec.leaves.indices.filter { !codec.leaves[$0].name.contains("[") && $0 != idLeaf })
      for leaf in record.indices where record[leaf] != nil {
        switch field(leaf).type {
        case .boolean: record[leaf] = .bool(number % 2 == 1)
        case .instant: record[leaf] = .text("2025-03-0\(number + 1)T05:06:07Z")
        default: break
        }
        let name = codec.leaves[leaf].name
        for (field, kept) in api.record.kept where field == name {
          switch kept {
          case .created, .updated: record[leaf] = .text("2025-03-0\(number + 1)T05:06:07Z")
          case .version: record[leaf] = .number("1")
          case .number: break
          }
        }
      }
      // The order of names is not that of age.
      for operation in api.operations {
        if let sort = operation.sort.flatMap({ codec.index(of: $0) }) { record[sort] = .text("\(["d", "b", "c", "a"][number]) name") }
      }
      try await seed(record)
    }
  }

  /// Parameters that leave nothing out.
  func everything(_ operation: API.Operation) -> Pairs { operation.filters.filter { $0.test == .shows }.map { ($0.parameter, "true") } }

  private func ordered(_ operation: API.Operation) -> [(id: String, record: RecordCodec.Record)] {
    guard let sort = operation.sort.flatMap({ codec.index(of: $0) }) else { return known }
    return known.sorted { literal($0.record[sort]) < literal($1.record[sort]) }
  }

  private func wholeList() async throws {
    let operation = try operation(.list)
    try await fill()
    let wanted = Array(ordered(operation).prefix(operation.paging?.most ?? 1000))
    for format in formats {
      let reply = try await send(operation, query: everything(operation), format: format)
      expectStatus(reply, operation)
      let records = try records(reply, operation, format)
      expect(records.map { id(of: $0) } == wanted.map(\.id), "\(format): \(records.map { id(of: $0) }), should be \(wanted.map(\.id))")
      for (record, one) in zip(records, wanted) { same(record, one.record, shown(operation), but: Set(api.record.compose.map(\.field)), "\(format) \(one.id)") }
    }
  }

  private func filters() async throws {
    let all = api.operations.filter { [.list, .count].contains($0.kind) && !$0.filters.isEmpty }
    if all.isEmpty { throw Unneeded() }
    try await fill()
    for operation in all {
      for filter in operation.filters {
        guard let leaf = codec.index(of: filter.field) else { continue }
        let second = literal(known[1].record[leaf])
        let others = filter.test == .shows ? [] : everything(operation)
        func matching(_ test: (String) -> Bool) -> [String] { ordered(operation).filter { test(literal($0.record[leaf])) }.map(\.id) }
        var cases: [(query: Pairs, wanted: [String])] = []
        switch filter.test {
        case .equals: cases = [([(filter.parameter, second)], matching { $0 == second }), ([(filter.parameter, "\(second)x")], [])]
        case .contains:
          let part = String(second.dropFirst().dropLast()).uppercased()
          cases = [([(filter.parameter, part)], matching { $0.uppercased().contains(part) }), ([(filter.parameter, "nowhere")], [])]
        case .from, .after, .to:
          cases = [
            ([(filter.parameter, second)], matching { filter.test == .from ? $0 >= second : filter.test == .after ? $0 > second : $0 <= second })
          ]
          try refused(try await send(operation, query: [(filter.parameter, "no time")]), .wrong, operation)
        case .shows: cases = [([], matching { $0 != "true" }), ([(filter.parameter, "True")], matching { _ in true })]
        }
        for (query, wanted) in cases {
          if operation.kind == .count {
            let reply = try await send(operation, query: query + others)
            expect(try count(reply, operation) == String(wanted.count), "count by \(query): \(text(reply)), should be \(wanted.count)")
          } else {
            let most = Array(wanted.prefix(operation.paging?.most ?? 1000))
            let real = try await ids(query + others)
            expect(real == most, "list by \(query): \(real), should be \(most)")
          }
        }
      }
    }
  }

  private func count(_ reply: Reply, _ operation: API.Operation) throws -> String {
    expectStatus(reply, operation)
    let described = try Conformance.required(body(operation.reply.bodies, formats[0]), "no body")
    return bind(described, try tree(reply, formats[0]))["count"] ?? ""
  }

  private func views() async throws {
    let all = api.operations.filter { $0.view != nil }
    if all.isEmpty { throw Unneeded() }
    try await fill()
    for operation in all {
      guard let view = operation.view else { continue }
      for (word, _, _) in view.choices {
        let query = everything(operation) + [(view.parameter, word.uppercased())]
        let reply = try await send(operation, id: known[0].id, query: query)
        expectStatus(reply, operation, word)
        let one = try Conformance.required(try records(reply, operation, formats[0]).first, "no record")
        for leaf in codec.leaves.indices where leaf != idLeaf && !codec.leaves[leaf].name.contains("[") {
          let isShown = shown(operation, view: word).contains(leaf)
          expect((one[leaf] != nil) == isShown, "\(operation.kind.rawValue) \(word): \(codec.leaves[leaf].name) is \(isShown ? "missing" : "there")")
        }
      }
      try refused(try await send(operation, id: known[0].id, query: [(view.parameter, "nothing")]), .wrong, operation)
    }
  }

  private func onDemand() async throws {
    let all = api.operations.filter { !$0.shows.isEmpty }
    if all.isEmpty { throw Unneeded() }
    try await fill()
    for operation in all {
      for (parameter, field) in operation.shows {
        guard let leaf = codec.index(of: field) else { continue }
        let view = operation.view.flatMap { view in view.choices.first { $0.fields == .single }.map { [(name: view.parameter, value: $0.word)] } } ?? []
        for (query, isShown) in [(Pairs(), false), ([(parameter, "true")], true), ([(parameter, "false")], false)] {
          let reply = try await send(operation, id: known[0].id, query: everything(operation) + view + query)
          let one = try Conformance.required(try records(reply, operation, formats[0]).first, "no record")
          expect((one[leaf] != nil) == isShown, "\(operation.kind.rawValue) \(query): \(field)")
        }
      }
    }
  }

  private func pages() async throws {
    let operation = try operation(.list)
    guard let paging = operation.paging else { throw Unneeded() }
    try await fill()
    let wanted = ordered(operation).map(\.id)
    for size in Set([1, 2, paging.most]).sorted() where size <= paging.most {
      for format in formats {
        var all: [String] = []
        var at = paging.first
        for _ in 0..<6 {
          let query: Pairs = everything(operation) + [(paging.at, String(at)), (paging.size, String(size))] + paging.also.map { ($0, "x") }
          let reply = try await send(operation, query: query, format: format)
          if isEmptyList(reply, operation, format) || reply.status != operation.reply.status { break }
          let own = try records(reply, operation, format).map { id(of: $0) }
          if own.isEmpty { break }
          all += own
          if let more = paging.more {
            var tree: Tree? = try self.tree(reply, format)
            for case .name(let name) in more { tree = tree?[name] }
            expect((literal(tree) == "true") == (all.count < wanted.count), "\(format), \(size) a page, at \(at): more is `\(literal(tree))`")
          }
          at += paging.isOffset ? own.count : 1
        }
        expect(all == wanted, "\(format), \(size) a page: \(all), should be \(wanted)")
      }
    }
  }

  private func largestPage() async throws {
    let operation = try operation(.list)
    guard let paging = operation.paging, paging.most <= 100 else { throw Unneeded() }
    try restart()
    let needed = codec.leaves.indices.filter { isNeeded($0) || codec.leaves[$0].name == operation.sort }
    for _ in 0...paging.most { try await seed(record(needed)) }
    for query in [Pairs(), [(paging.size, String(paging.most + 50))]] {
      let real = try await ids(everything(operation) + query).count
      expect(real == paging.most, "\(real) records, at most \(paging.most)")
    }
    try restart()
  }

  private func wrongPage() async throws {
    let operation = try operation(.list)
    guard let paging = operation.paging else { throw Unneeded() }
    try await fill()
    for name in [paging.at, paging.size] where !name.isEmpty {
      for value in ["x", "-1"] { try refused(try await send(operation, query: [(name, value)]), .wrong, operation, "\(name)=\(value)") }
    }
  }

  private func counts() async throws {
    let operation = try operation(.count)
    try await fill()
    let real = try count(try await send(operation), operation)
    expect(real == String(known.count), "\(real), should be \(known.count)")
  }

  private func pickLists() async throws {
    let operation = try operation(.pickList)
    try await fill()
    let wanted = ordered(operation).filter { one in
      operation.filters.filter { $0.test == .shows }.allSatisfy { codec.index(of: $0.field).map { literal(one.record[$0]) != "true" } ?? true }
    }
    guard case .object(let described)? = operation.reply.item else { throw Unneeded() }
    let reply = try await send(operation, format: .json)
    expectStatus(reply, operation)
    guard case .array(let items) = try tree(reply, .json) else { throw Failure(text: "no list: \(text(reply))") }
    expect(items.count == wanted.count, "\(items.count) items, should be \(wanted.count)")
    for (item, one) in zip(items, wanted) {
      for member in described {
        let name = String(decoding: RecordCodec.literal(member.value).dropFirst(), as: UTF8.self)
        let value = codec.index(of: name).map { literal(one.record[$0]) } ?? one.id
        expect(literal(item[String(decoding: member.name, as: UTF8.self)]) == value, "\(name) of \(one.id)")
      }
    }
  }

  private func parts() async throws {
    let operation = try operation(.parts)
    try await fill()
    let prefix = (operation.of ?? "") + "."
    let own = codec.leaves.indices.filter { codec.leaves[$0].name.hasPrefix(prefix) }
    let reply = try await send(operation, format: .json)
    expectStatus(reply, operation)
    guard case .array(let items) = try tree(reply, .json) else { throw Failure(text: "no list: \(text(reply))") }
    expect(items.count == min(known.count, operation.paging?.most ?? 1000), "\(items.count) items")
    for (number, (item, one)) in zip(items, known).enumerated() {
      for leaf in own { expect(literal(item[String(codec.leaves[leaf].name.dropFirst(prefix.count))]) == literal(one.record[leaf]), "\(codec.leaves[leaf].name) of \(one.id)") }
      guard let part = api.operations.first(where: { $0.kind == .part }) else { continue }
      let reply = try await send(part, id: String(number + 1), format: .json)
      expect(try tree(reply, .json) == item, "part \(number + 1) is \(text(reply))")
    }
    for filter in operation.filters {
      let second = literal(items[1][filter.field])
      let found = try await send(operation, query: [(filter.parameter, second)], format: .json)
      expect(try tree(found, .json) == .array(items.filter { literal($0[filter.field]) == second }), "by \(filter.parameter): \(text(found))")
    }
  }

  private func limits() async throws {
    let operation = try operation(.limits)
    for format in formats {
      let reply = try await send(operation, format: format)
      expectStatus(reply, operation)
      let found = bind(try Conformance.required(body(operation.reply.bodies, format), "no body"), try tree(reply, format))
      expect(found["most"] == api.pacing.map { String($0.calls) } && found["seconds"] == api.pacing.map { String($0.seconds) }, "\(format): \(found)")
      let first = Int(found["calls"] ?? "") ?? -1
      let second = bind(try Conformance.required(body(operation.reply.bodies, format), "no body"), try tree(try await send(operation, format: format), format))
      expect(first > 0 && Int(second["calls"] ?? "").map { $0 == first + 1 || $0 == 1 } ?? false, "\(format): \(first) calls, then \(second["calls"] ?? "")")
    }
  }

  // MARK: - Of calls

  private func forms() async throws {
    guard api.takesForms, let operation = try? operation(.detail), let name = operation.idParameter else { throw Unneeded() }
    try await fill()
    for call in operation.calls where call.method == "POST" {
      let form = Array("\(name)=\(known[1].id)".utf8)
      let reply = try await send(operation, body: form, bodyFormat: .form, call: call)
      expectStatus(reply, operation, "in the body")
      expect(try records(reply, operation, formats[0]).first.map { id(of: $0) } == known[1].id, "another record")
    }
    let create = try self.operation(.create)
    let record = whole
    let query = String(decoding: try body(record, .create, .form), as: UTF8.self).split(separator: "&").map { pair -> (name: String, value: String) in
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(sides[0]), decoded(String(sides[1])))
    }
    let reply = try await send(create, query: query)
    expectStatus(reply, create, "in the query")
    let made = try createdByBody(reply, create)
    same(try await fullDetail(made), record, shown(operation), but: own, "in the query")
    known.append((made, record))
  }

  private func createdByBody(_ reply: Reply, _ operation: API.Operation) throws -> String {
    let described = try Conformance.required(body(operation.reply.bodies, formats[0]), "no body")
    return bind(described, try tree(reply, formats[0]))["id"] ?? ""
  }

  private func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func noPath() async throws {
    let operation = try operation(.list)
    for path in [["nowhere"], operation.calls[0].path + ["a", "b", "c"]] {
      for format in formats {
        var call = operation.calls[0]
        call.path = path
        try refused(try await send(operation, format: format, call: call), .noPath, nil, format: format)
      }
    }
  }

  private func noMethod() async throws {
    for operation in api.operations {
      let reply = try await send(operation, id: known.first?.id ?? "1", method: "OPTIONS")
      try refused(reply, .noMethod, nil)
      if reply.status == 405 { expect(reply.headers.contains { $0.name == "Allow" }, "no Allow") }
    }
  }

  private func malformed() async throws {
    let operation = try operation(.create)
    var looked = false
    for format in bodyFormats(.create) {
      let bodies: [String]
      switch format {
      case .json: bodies = ["{", "[1,2]x", "{\"a\":1}{\"b\":2}", "\"text\"", "{\"a\":\"\u{1}\"}"]
      case .xml: bodies = ["<a", "<a></b>", "<a/><b/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
      default: bodies = ["a=%zz", "a=%ff"]
      }
      for body in bodies {
        looked = true
        let shown = format == .form ? nil : format
        let call = operation.calls.first { $0.method != "GET" }
        let reply = try await send(operation, body: Array(body.utf8), bodyFormat: format, format: shown, call: call)
        try refused(reply, .malformed, api.takesForms ? nil : operation, format: shown, body)
      }
    }
    if !looked { throw Unneeded() }
  }

  private func unfitHeaders() async throws {
    guard api.format.needsAll else { throw Unneeded() }
    let operation = try operation(.list)
    for name in api.format.by {
      let reply = try await send(operation, headers: [(name, "text/plain")])
      expect(reply.status == (api.refusals.rules[.format]?.status ?? 406), "\(name): \(reply.status)")
    }
  }

  private func chosenFormat() async throws {
    guard formats.count > 1, let first = api.format.by.first else { throw Unneeded() }
    try await fill()
    let operation = try operation(.list)
    for format in formats {
      let other: Format = format == .json ? .xml : .json
      let rest: Pairs = api.format.by.dropFirst().map { ($0, "application/\(other)") }
      let reply = try await send(operation, query: everything(operation), headers: [(first, "application/\(format)")] + rest)
      if api.format.needsAll, !rest.isEmpty {
        expect(reply.status == api.refusals.rules[.format]?.status, "headers of two formats: \(reply.status)")
        continue
      }
      let records = try records(reply, operation, format)
      expect(!records.isEmpty, "\(format) was asked for: \(text(reply).prefix(80))")
      expect(reply.headers.contains { $0.name == "Content-Type" && $0.value.contains("\(format)") }, "the type is not that of \(format)")
    }
  }

  private func agents() async throws {
    guard let agents = api.format.agents else { throw Unneeded() }
    try await fill()
    let operation = try operation(.list)
    for word in agents.like {
      let other: Format = api.format.first == .json ? .xml : .json
      let reply = try await send(operation, format: other, headers: [("User-Agent", "Some/1.0 (\(word); 3)")])
      expect(reply.headers.contains { $0.name == "Content-Type" && $0.value == agents.type }, "\(word): \(reply.headers)")
      expect(!(try records(reply, operation, api.format.first)).isEmpty, "\(word): not \(api.format.first)")
    }
  }

  private func pathCase() async throws {
    try await fill()
    let operation = try operation(.list)
    var call = operation.calls[0]
    call.path = call.path.map { $0.uppercased() }
    let reply = try await send(operation, query: everything(operation), call: call)
    if api.ignoresPathCase { expectStatus(reply, operation) } else { try refused(reply, .noPath, nil) }
  }

  private func prefixes() async throws {
    try await fill()
    let operation = try operation(.list)
    let plain = try await send(operation, query: everything(operation))
    let base = api.base.split(separator: "/").dropFirst(2).map(String.init)
    for prefix in [[system.name], base, [system.name] + base] {
      var call = operation.calls[0]
      call.path = prefix + call.path
      let reply = try await send(operation, query: everything(operation), call: call)
      expect(reply.status == plain.status && reply.body == plain.body, "/\(prefix.joined(separator: "/")): \(reply.status)")
    }
  }

  private func heads() async throws {
    try await fill()
    for operation in api.operations where [.list, .detail].contains(operation.kind) && operation.calls.contains(where: { $0.method == "GET" }) {
      let call = operation.calls.first { $0.method == "GET" }
      for id in [known[0].id, "99999999"] {
        let get = try await send(operation, id: id, call: call)
        let head = try await send(operation, id: id, call: call, method: "HEAD")
        expect(head.status == get.status, "\(operation.kind.rawValue): \(head.status), GET \(get.status)")
        expect(head.headers.map(\.name) == get.headers.map(\.name), "\(operation.kind.rawValue): other headers than GET")
        // Over a connection it is left out: `RawClient` sees none.
        expect(head.body.isEmpty || head.body == get.body, "\(operation.kind.rawValue): a body to HEAD: \(text(head).prefix(80))")
      }
    }
  }

  private func pacing() async throws {
    guard let pacing = api.pacing else { throw Unneeded() }
    try restart()
    let operation = api.operations.first { $0.kind == .detail } ?? api.operations[0]
    let id = "1"
    var request = SandboxRequest(method: "GET", target: "/")
    // Built once: each call is the same.
    request = try await built(operation, id)
    await pass(seconds: pacing.seconds + 1)
    for number in 1...pacing.calls {
      let reply = try await raw(request, paced: false)
      try refused(reply, .notFound, operation, "call \(number)")
    }
    func wait(_ what: String) async throws -> Int {
      let reply = try await raw(request, paced: false)
      try refused(reply, .throttled, operation, what)
      return reply.headers.first { $0.name == "Retry-After" }.flatMap { Int($0.value) } ?? pacing.locks ?? pacing.seconds
    }
    let whole = pacing.locks ?? pacing.seconds
    expect(try await wait("the call after the last") == whole, "the wait is not \(whole)")
    if whole > 2 {
      await pass(seconds: whole - 2)
      let rest = try await wait("while the wait lasts")
      if pacing.prolongs { expect(rest == whole, "the wait did not start anew: \(rest)") }
      if pacing.prolongs {
        await pass(seconds: whole - 2)
        _ = try await wait("the wait was prolonged")
      }
      await pass(seconds: pacing.prolongs ? whole : 2)
    } else {
      await pass(seconds: whole)
    }
    try refused(try await raw(request, paced: false), .notFound, operation, "after the wait")
    try restart()
  }

  /// A detail call as it would be sent.
  private func built(_ operation: API.Operation, _ id: String) async throws -> SandboxRequest {
    let taken = Taken()
    let other = try Conformance(system, options: options) { sandbox, request in
      taken.request = request
      let reply = await sandbox.answer(request)
      return (reply.status, reply.headers, reply.body)
    }
    // Its session, if that is the way in, is one of this sandbox.
    other.sandbox = sandbox
    _ = try await other.send(operation, id: id)
    return try Conformance.required(taken.request, "nothing was sent")
  }

  private final class Taken { var request: SandboxRequest? }
}
