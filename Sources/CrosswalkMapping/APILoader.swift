package import CrosswalkModel
package import CrosswalkYAML

/// Reads `api:` of a system's file. Rules of the language stand in `Mappings/README.md`.
package struct APILoader {
  var loader: SystemLoader
  private let chosen: [String: String]
  var api = API()
  /// Calls of all operations, in the order of the file.
  private var calls: [(call: API.Call, when: [String], place: Place)] = []

  /// The API, or nil when a problem is fatal; and all problems.
  ///
  /// - options: what was chosen in place of the defaults.
  package static func load(_ node: YAMLNode, of system: System, options: [String: String] = [:]) -> (API?, [Diagnostic]) {
    var reading = APILoader(loader: SystemLoader(canonical: nil, system: system), chosen: options)
    reading.read(node)
    let problems = reading.loader.problems
    return (problems.contains { $0.disposition != .warning } ? nil : reading.api, problems)
  }

  /// What is wrong with it, whatever is chosen.
  static func check(_ node: YAMLNode, of system: System) -> [Diagnostic] {
    let (api, problems) = load(node, of: system)
    if !problems.isEmpty { return problems }
    for option in api?.options ?? [] {
      for choice in option.choices where choice != option.value {
        let (_, problems) = load(node, of: system, options: [option.name: choice])
        if !problems.isEmpty { return problems }
      }
    }
    return []
  }

  private static let keys = [
    "base", "options", "paths", "format", "parameters", "settings", "signIn", "operations", "uri", "record", "pacing", "refusals",
  ]

  private mutating func read(_ root: YAMLNode) {
    if let options = root["options"] {
      var apart = SystemLoader(canonical: nil, system: System(name: loader.system.name, title: "", formats: []))
      apart.readOptions(options)
      loader.problems += apart.problems
      api.options = apart.system.options
      for index in api.options.indices {
        guard let value = chosen[api.options[index].name] else { continue }
        if api.options[index].choices.contains(value) {
          api.options[index].value = value
        } else {
          loader.report(
            unknownWord(value, "the option `\(api.options[index].name)`", at: api.options[index].place, accepted: api.options[index].choices))
        }
      }
    }
    guard let entries = loader.entries(of: resolved(root), "`api`") else { return }
    // Texts name them wherever they stand.
    if let settings = entries.first(where: { $0.key.text == "settings" }) { readSettings(settings.value) }
    for entry in entries {
      let value = entry.value
      switch entry.key.text ?? "" {
      case "base":
        api.base = loader.text(value, "`base`") ?? ""
        checkBase(value)
      case "options", "settings": break
      case "paths": if loader.word(value, "`paths`", of: ["anyCase"]) != nil { api.ignoresPathCase = true }
      case "format": readFormat(value)
      case "parameters":
        for item in value.items ?? [value] where loader.word(item, "`parameters`", of: ["query", "body"]) == "body" { api.takesForms = true }
      case "signIn": readSignIn(value)
      case "operations": readOperations(value)
      case "uri":
        api.uri = loader.text(value, "`uri`")
        checkNames(value, .path)
      case "record": readRecord(value)
      case "pacing": readPacing(value)
      case "refusals": api.refusals = refusals(value, "`refusals`")
      default: loader.report(unknownKey(entry.key, in: "`api`", accepted: Self.keys))
      }
    }
    checkCalls(calls)
    let hasSessions = api.signIn.contains { $0.sessionHours != nil }
    if hasSessions, let operations = root["operations"], operations["session"] == nil {
      loader.report(missingKey("session", in: "`operations`, which `signIn` needs,", at: operations.place))
    }
    for key in ["base", "operations"] where root[key] == nil { loader.report(missingKey(key, in: "`api`", at: root.place)) }
  }

  // MARK: - Options

  /// Without mappings of the one key `option.NAME`: what stands under the choice, in their place.
  private mutating func resolved(_ node: YAMLNode) -> YAMLNode {
    switch node.content {
    case .scalar: return node
    case .sequence(let items): return YAMLNode(.sequence(items.map { resolved($0) }), at: node.place)
    case .mapping(let entries):
      if entries.count == 1, let key = entries[0].key.text, key.hasPrefix("option.") {
        let name = String(key.dropFirst("option.".count))
        guard let option = api.options.first(where: { $0.name == name }) else {
          loader.report(
            unknownWord(name, "an option of `api`", at: entries[0].key.place, accepted: api.options.map(\.name)))
          return YAMLNode(.scalar(.init(text: "", isPlain: true)), at: node.place)
        }
        for choice in option.choices where entries[0].value[choice] == nil {
          loader.report(missingKey(choice, in: "`\(key)`", at: entries[0].key.place))
        }
        for entry in entries[0].value.entries ?? [] where !option.choices.contains(entry.key.text ?? "") {
          loader.report(unknownKey(entry.key, in: "`\(key)`", accepted: option.choices))
        }
        return resolved(entries[0].value[option.value] ?? YAMLNode(.scalar(.init(text: "", isPlain: true)), at: node.place))
      }
      return YAMLNode(.mapping(entries.map { .init(key: $0.key, value: resolved($0.value)) }), at: node.place)
    }
  }

  // MARK: - Reading nodes

  mutating func pairs(_ node: YAMLNode, _ what: @autoclosure () -> String) -> [(name: String, value: String)] {
    (loader.entries(of: node, what()) ?? []).compactMap { entry in
      loader.text(entry.value, "`\(entry.key.text ?? "")`").map { (entry.key.text ?? "", $0) }
    }
  }

  private func tree(_ node: YAMLNode) -> Tree {
    switch node.content {
    case .scalar: node.literal ?? .null
    case .sequence(let items): .array(items.map(tree))
    case .mapping(let entries): .object(entries.map { .init($0.key.text ?? "", tree($0.value)) })
    }
  }

  /// The name of a field, or of an object of fields.
  private mutating func field(_ node: YAMLNode, _ what: @autoclosure () -> String, orObject: Bool = false) -> String? {
    guard let name = loader.text(node, what()) else { return nil }
    let names = loader.system.fields.map(\.name)
    if names.contains(name) || orObject && names.contains(where: { API.isField($0, of: [name]) }) { return name }
    loader.report(unknownWord(name, "a field", at: node.place, accepted: names))
    return nil
  }

  // MARK: - Calls

  private mutating func readFormat(_ node: YAMLNode) {
    let keys = ["by", "all", "is", "agents"]
    for entry in loader.entries(of: node, "`format`") ?? [] {
      switch entry.key.text ?? "" {
      case "by":
        api.format.by = loader.texts(entry.value, "`by`") ?? []
        for item in entry.value.items ?? [entry.value] { checkHeader(item) }
      case "all": api.format.needsAll = loader.flag(entry.value, "`all`") ?? false
      case "is": if let format = loader.format(entry.value) { api.format.first = format }
      case "agents":
        let like = entry.value["like"].flatMap { loader.texts($0, "`like`") } ?? []
        api.format.agents = (like, entry.value["type"].flatMap { loader.text($0, "`type`") } ?? "text/html")
      default: loader.report(unknownKey(entry.key, in: "`format`", accepted: keys))
      }
    }
  }

  private mutating func readSettings(_ node: YAMLNode) {
    for entry in loader.entries(of: node, "`settings`") ?? [] {
      var setting = API.Setting(name: entry.key.text ?? "", why: entry.value.text ?? "", isSecret: false)
      for key in entry.value.entries ?? [] {
        switch key.key.text ?? "" {
        case "why": setting.why = loader.text(key.value, "`why`") ?? ""
        case "secret": setting.isSecret = loader.flag(key.value, "`secret`") ?? false
        default: loader.report(unknownKey(key.key, in: "a setting", accepted: ["why", "secret"]))
        }
      }
      api.settings.append(setting)
    }
  }

  private mutating func readSignIn(_ node: YAMLNode) {
    guard let items = node.items else { return loader.report(wrongKind(node, "`signIn`", wanted: "a list")) }
    for item in items {
      var kind: API.SignIn.Kind?
      var hours: Int?
      for entry in loader.entries(of: item, "an item of `signIn`") ?? [] {
        switch entry.key.text ?? "" {
        case "basic":
          let words = pairs(entry.value, "`basic`")
          checkNames(entry.value, .settings)
          for word in entry.value.entries ?? [] where !["user", "password"].contains(word.key.text ?? "") {
            loader.report(unknownKey(word.key, in: "`basic`", accepted: ["user", "password"]))
          }
          kind = .basic(user: words.first { $0.name == "user" }?.value ?? "", password: words.first { $0.name == "password" }?.value ?? "")
        case "headers": kind = .headers(headers(entry.value, item["session"] == nil ? .settings : .session))
        case "query":
          kind = .query(pairs(entry.value, "`query`"))
          checkNames(entry.value, item["session"] == nil ? .settings : .session)
        case "session":
          hours = entry.value["hours"].flatMap { whole($0, "`hours`", in: 1...87_600) }
          if entry.value["hours"] == nil { loader.report(missingKey("hours", in: "`session`", at: entry.value.place)) }
        default: loader.report(unknownKey(entry.key, in: "`signIn`", accepted: ["basic", "headers", "query", "session"]))
        }
      }
      guard let kind else {
        loader.report(missingKey("basic", in: "an item of `signIn`", at: item.place))
        continue
      }
      api.signIn.append(.init(kind: kind, sessionHours: hours))
    }
  }

  // MARK: - Operations

  private static let operationKeys = [
    "call", "when", "id", "ids", "filters", "view", "shows", "paging", "sort", "body", "optional", "field", "of", "reply", "refusals",
  ]

  private mutating func readOperations(_ node: YAMLNode) {
    for entry in loader.entries(of: node, "`operations`") ?? [] {
      guard let word = loader.word(entry.key, "an operation", of: API.Kind.allCases.map(\.rawValue)), let kind = API.Kind(rawValue: word),
        let keys = loader.entries(of: entry.value, "the operation `\(word)`")
      else { continue }
      var operation = API.Operation(kind: kind)
      let optional = entry.value["optional"].flatMap { loader.texts($0, "`optional`") } ?? []
      for key in keys {
        let value = key.value
        switch key.key.text ?? "" {
        case "call": operation.calls = (value.items ?? [value]).compactMap { call($0) }
        case "when": operation.when = pairs(value, "`when`")
        case "id": operation.idParameter = loader.text(value, "`id`")
        case "ids": operation.ids = whole(value, "`ids`", in: 1...100_000) ?? 1
        case "filters": operation.filters = filters(value, isOfParts: kind == .parts)
        case "view": operation.view = view(value)
        case "shows":
          for one in loader.entries(of: value, "`shows`") ?? [] {
            if let field = field(one.value, "a field") { operation.shows.append((one.key.text ?? "", field)) }
          }
        case "paging": operation.paging = paging(value)
        case "sort": operation.sort = field(value, "`sort`")
        case "body":
          if value.entries != nil {
            operation.body = .members(pairs(value, "`body`").map { ($0.name, $0.value, optional.contains($0.name)) })
            checkNames(value, .settings)
          } else {
            operation.body = loader.shape(value).map { .record($0) }
          }
        case "optional":
          let members = (entry.value["body"]?.entries ?? []).compactMap(\.key.text)
          for item in value.items ?? [value] where item.text != nil { _ = loader.word(item, "a member of `body`", of: members) }
        case "field":
          operation.field = field(value, "`field`")
          if kind == .toggle, let name = operation.field { checkType(name, [.boolean], value, "what is turned over") }
        case "of": operation.of = field(value, "`of`", orObject: true)
        case "reply": operation.reply = reply(value)
        case "refusals": operation.refusals = refusals(value, "`refusals`")
        default: loader.report(unknownKey(key.key, in: "an operation", accepted: Self.operationKeys))
        }
      }
      checkBody(operation, entry)
      if let node = entry.value["paging"]?["more"] { checkMore(operation, node) }
      for (index, call) in operation.calls.enumerated() {
        let items = entry.value["call"].map { $0.items ?? [$0] } ?? []
        let when = operation.when.map { "\($0.name)=\($0.value)" }.sorted()
        calls.append((call, when, (items.indices.contains(index) ? items[index] : entry.key).place))
      }
      if operation.calls.isEmpty { loader.report(missingKey("call", in: "the operation `\(word)`", at: entry.key.place)) }
      if kind == .toggle, operation.field == nil { loader.report(missingKey("field", in: "the operation `toggle`", at: entry.key.place)) }
      let hasId = operation.idParameter != nil || operation.calls.allSatisfy { $0.path.contains("$id") }
      if [.detail, .update, .toggle, .delete].contains(kind), !hasId {
        loader.report(missingKey("id", in: "the operation `\(word)`", at: entry.key.place))
      }
      api.operations.append(operation)
    }
  }

  /// What the operation cannot do without.
  private mutating func checkBody(_ operation: API.Operation, _ entry: YAMLNode.Entry) {
    let what = "the operation `\(operation.kind.rawValue)`"
    switch (operation.kind, operation.body) {
    case (.session, nil), (.create, nil), (.update, nil):
      if entry.value["body"] == nil { loader.report(missingKey("body", in: what, at: entry.key.place)) }
    case (.session, .record?):
      if let node = entry.value["body"] { loader.report(wrongKind(node, "`body` of \(what)", wanted: "a mapping: members and texts")) }
    case (.create, .members?), (.update, .members?):
      if let node = entry.value["body"] { loader.report(wrongKind(node, "`body` of \(what)", wanted: "a shape")) }
    case (.parts, _), (.part, _):
      if entry.value["of"] == nil { loader.report(missingKey("of", in: what, at: entry.key.place)) }
    default: break
    }
  }

  /// `GET /clients/$id`.
  private mutating func call(_ node: YAMLNode) -> API.Call? {
    guard let text = loader.text(node, "`call`") else { return nil }
    let words = text.split(separator: " ")
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    guard words.count == 2, methods.contains(String(words[0])), words[1].hasPrefix("/") else {
      loader.report(
        Diagnostic(
          .badArgument, "`\(text)` is not a call", labels: [.init(node.place)],
          help: "a method and a path: `GET /clients/$id`; methods: \(methods.joined(separator: ", "))"))
      return nil
    }
    let call = API.Call(method: String(words[0]), path: words[1].split(separator: "/").map(String.init))
    checkPath(call, node)
    return call
  }

  private mutating func filters(_ node: YAMLNode, isOfParts: Bool) -> [API.Filter] {
    var filters: [API.Filter] = []
    for entry in loader.entries(of: node, "`filters`") ?? [] {
      guard let only = loader.entries(of: entry.value, "a filter")?.first,
        let word = loader.word(only.key, "a filter", of: API.Filter.Test.allCases.map(\.rawValue)),
        let test = API.Filter.Test(rawValue: word),
        let field = isOfParts ? loader.text(only.value, "a member") : field(only.value, "a field")
      else { continue }
      if [.from, .after, .to].contains(test), !isOfParts { checkMoment(field, only.value) }
      if test == .shows, !isOfParts { checkType(field, [.boolean], only.value, "what `shows` tests") }
      filters.append(.init(parameter: entry.key.text ?? "", field: field, test: test))
    }
    return filters
  }

  private mutating func view(_ node: YAMLNode) -> API.View? {
    var view = API.View(parameter: "", choices: [], first: "")
    for entry in loader.entries(of: node, "`view`") ?? [] {
      switch entry.key.text ?? "" {
      case "by": view.parameter = loader.text(entry.value, "`by`") ?? ""
      case "is": view.first = loader.text(entry.value, "`is`") ?? ""
      case "of":
        for choice in loader.entries(of: entry.value, "`of`") ?? [] {
          let without = choice.value["without"].map { fields($0) } ?? []
          if choice.value.entries != nil {
            for key in loader.entries(of: choice.value, "a view") ?? [] where !["shape", "without"].contains(key.key.text) {
              loader.report(unknownKey(key.key, in: "a view", accepted: ["shape", "without"]))
            }
            if choice.value["shape"] == nil { loader.report(missingKey("shape", in: "a view", at: choice.key.place)) }
          }
          let named = choice.value.entries == nil ? choice.value : choice.value["shape"]
          if let shape = named.flatMap({ loader.shape($0) }) { view.choices.append((choice.key.text ?? "", shape, without)) }
        }
      default: loader.report(unknownKey(entry.key, in: "`view`", accepted: ["by", "of", "is"]))
      }
    }
    if let first = node["is"], !view.choices.contains(where: { $0.word == view.first }) {
      loader.report(unknownWord(view.first, "the first view", at: first.place, accepted: view.choices.map(\.word)))
    }
    for key in ["by", "of", "is"] where node[key] == nil { loader.report(missingKey(key, in: "`view`", at: node.place)) }
    return view
  }

  /// Fields, and objects of them.
  private mutating func fields(_ node: YAMLNode) -> [String] {
    (node.items ?? [node]).compactMap { field($0, "a field", orObject: true) }
  }

  private mutating func paging(_ node: YAMLNode) -> API.Paging {
    var paging = API.Paging(at: "", isOffset: false, size: "", first: 0, most: 100)
    for entry in loader.entries(of: node, "`paging`") ?? [] {
      switch entry.key.text ?? "" {
      case "page": paging.at = loader.text(entry.value, "`page`") ?? ""
      case "offset":
        paging.at = loader.text(entry.value, "`offset`") ?? ""
        paging.isOffset = true
      case "size": paging.size = loader.text(entry.value, "`size`") ?? ""
      case "first": paging.first = whole(entry.value, "`first`", in: 0...1) ?? 0
      case "most": paging.most = whole(entry.value, "`most`", in: 1...1_000_000) ?? 100
      case "more": paging.more = loader.path(entry.value)
      case "also": paging.also = loader.texts(entry.value, "`also`") ?? []
      default: loader.report(unknownKey(entry.key, in: "`paging`", accepted: ["page", "offset", "size", "first", "most", "more", "also"]))
      }
    }
    if node["page"] == nil, node["offset"] == nil { loader.report(missingKey("page", in: "`paging`", at: node.place)) }
    return paging
  }

  // MARK: - Replies

  private static let replyKeys = ["status", "headers", "shape", "without", "body", "item", "empty", "none", "message"]

  private mutating func reply(_ node: YAMLNode) -> API.Reply {
    var reply = API.Reply()
    for entry in loader.entries(of: node, "`reply`") ?? [] {
      let value = entry.value
      let key = entry.key.text ?? ""
      switch key {
      case "status": reply.status = whole(value, "`status`", in: Self.statuses) ?? 200
      case "headers": reply.headers = headers(value, .reply)
      case "shape": reply.shape = loader.shape(value)
      case "without": reply.without = fields(value)
      case "body":
        reply.bodies.insert((nil, tree(value)), at: 0)
        checkNames(value, .reply)
      case "item":
        reply.item = tree(value)
        checkNames(value, .reply)
      case "empty":
        for one in loader.entries(of: value, "`empty`") ?? [] {
          if let format = loader.format(one.key) { reply.empty.append((format, tree(one.value))) }
        }
      case "none": reply.refusesNone = loader.flag(value, "`none`") ?? false
      case "message": reply.message = loader.text(value, "`message`")
      case "json", "xml":
        guard let format = loader.format(entry.key) else { continue }
        if node["shape"] != nil {
          var reading = TemplateReading(binds: ["$record"])
          let template = reading.template(value)
          loader.problems += reading.problems
          reply.envelopes.append((format, template))
        } else {
          reply.bodies.append((format, tree(value)))
          checkNames(value, .reply)
        }
      default: loader.report(unknownKey(entry.key, in: "`reply`", accepted: Self.replyKeys + ["json", "xml"]))
      }
    }
    return reply
  }

  private mutating func refusals(_ node: YAMLNode, _ what: String) -> API.Refusals {
    var refusals = API.Refusals()
    let words = API.Refusal.allCases.map(\.rawValue)
    for entry in loader.entries(of: node, what) ?? [] {
      let key = entry.key.text ?? ""
      if key == "body" {
        refusals.bodies.insert((nil, tree(entry.value)), at: 0)
        checkNames(entry.value, .refusalBody)
      } else if key == "json" || key == "xml" {
        if let format = loader.format(entry.key) { refusals.bodies.append((format, tree(entry.value))) }
        checkNames(entry.value, .refusalBody)
      } else if let refusal = API.Refusal(rawValue: key) {
        var rule = API.Refusals.Rule()
        for part in loader.entries(of: entry.value, "`\(key)`") ?? [] {
          switch part.key.text ?? "" {
          case "status": rule.status = whole(part.value, "`status`", in: Self.statuses)
          case "code": rule.code = tree(part.value)
          case "message":
            rule.message = loader.text(part.value, "`message`")
            checkNames(part.value, .refusalMessage)
          case "headers": rule.headers = headers(part.value, .refusalHeader)
          default: loader.report(unknownKey(part.key, in: "a refusal", accepted: ["status", "code", "message", "headers"]))
          }
        }
        refusals.rules[refusal] = rule
      } else {
        loader.report(unknownKey(entry.key, in: what, accepted: ["body", "json", "xml"] + words))
      }
    }
    return refusals
  }

  // MARK: - Records

  private static let recordKeys = [
    "kept", "compose", "defaults", "unique", "alike", "values", "resets", "unknown", "required", "unwritable",
  ]

  private mutating func readRecord(_ node: YAMLNode) {
    for entry in loader.entries(of: node, "`record`") ?? [] {
      let value = entry.value
      switch entry.key.text ?? "" {
      case "kept":
        for one in loader.entries(of: value, "`kept`") ?? [] {
          guard let name = field(one.key, "a field") else { continue }
          if let from = one.value["number"] {
            // Half of what a number can be: the other half is room for the records to come.
            if let number = whole(from, "`number`", in: 0...(.max / 2)) { api.record.kept.append((name, .number(String(number)))) }
          } else if let word = loader.word(one.value, "what is kept", of: ["created", "updated", "version"]) {
            api.record.kept.append((name, word == "created" ? .created : word == "updated" ? .updated : .version))
            let types: Set<ValueType> = word == "version" ? [.integer, .text, .code] : [.instant, .integer, .text, .code, .lines]
            checkType(name, types, one.key, "what is kept as `\(word)`")
          }
        }
      case "compose":
        for one in loader.entries(of: value, "`compose`") ?? [] {
          if let name = field(one.key, "a field") { api.record.compose.append((name, loader.texts(one.value, "`\(name)`") ?? [])) }
          checkNames(one.value, .record)
        }
      case "defaults":
        for one in loader.entries(of: value, "`defaults`") ?? [] {
          guard let name = field(one.key, "a field") else { continue }
          checkValue(one.value, of: name)
          api.record.defaults.append((name, tree(one.value)))
        }
      case "unique": api.record.unique = (value.items ?? [value]).compactMap { field($0, "a field") }
      case "alike":
        let words = API.RecordRules.Alike.allCases.map(\.rawValue)
        api.record.alike = Set((value.items ?? [value]).compactMap { item in
          loader.word(item, "`alike`", of: words).flatMap(API.RecordRules.Alike.init)
        })
      case "values":
        for one in loader.entries(of: value, "`values`") ?? [] {
          guard let name = field(one.key, "a field"), let rule = valueRule(one.value) else { continue }
          api.record.values.append((name, rule))
          checkType(name, [.text, .lines, .code], one.key, "a field with a rule for its text")
        }
      case "resets": api.record.resets = (value.items ?? [value]).compactMap { field($0, "a field") }
      case "unknown": api.record.refusesUnknown = loader.word(value, "`unknown`", of: ["ignore", "refuse"]) == "refuse"
      case "required": api.record.refusesEmptied = loader.word(value, "`required`", of: ["keep", "refuse"]) == "refuse"
      case "unwritable": api.record.refusesUnwritable = loader.word(value, "`unwritable`", of: ["ignore", "refuse"]) == "refuse"
      default: loader.report(unknownKey(entry.key, in: "`record`", accepted: Self.recordKeys))
      }
    }
  }

  /// `{ characters: 2 }`.
  private mutating func valueRule(_ node: YAMLNode) -> API.RecordRules.ValueRule? {
    guard let entries = loader.entries(of: node, "a rule for a value"), let only = entries.first else { return nil }
    guard let word = loader.word(only.key, "a rule for a value", of: ["characters", "capitals", "labelled"]),
      let count = whole(only.value, "`\(word)`", in: 1...1000)
    else { return nil }
    for more in entries.dropFirst() { loader.report(unknownKey(more.key, in: "a rule for a value beside `\(word)`", accepted: [])) }
    return word == "characters" ? .characters(count) : word == "capitals" ? .capitals(count) : .labelled(count)
  }

  private mutating func readPacing(_ node: YAMLNode) {
    guard let entries = loader.entries(of: node, "`pacing`"), !entries.isEmpty else { return }
    var pacing = API.Pacing(calls: 1, seconds: 1)
    for entry in entries {
      switch entry.key.text ?? "" {
      case "calls": pacing.calls = whole(entry.value, "`calls`", in: 1...1_000_000) ?? 1
      case "seconds": pacing.seconds = whole(entry.value, "`seconds`", in: Self.seconds) ?? 1
      case "locks": pacing.locks = whole(entry.value, "`locks`", in: Self.seconds)
      case "prolongs": pacing.prolongs = loader.flag(entry.value, "`prolongs`") ?? false
      default: loader.report(unknownKey(entry.key, in: "`pacing`", accepted: ["calls", "seconds", "locks", "prolongs"]))
      }
    }
    for key in ["calls", "seconds"] where node[key] == nil { loader.report(missingKey(key, in: "`pacing`", at: node.place)) }
    api.pacing = pacing
  }
}
