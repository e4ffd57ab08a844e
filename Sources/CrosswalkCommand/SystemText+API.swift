import Crosswalk

/// What a system's page says of its API: where it is, what signs in, what is called, and which options its documents leave open.
extension SystemText {
  static func api(_ api: API, of system: System) -> String {
    var text = "\nlive  \(api.base)\n"
    if !api.settings.isEmpty {
      text += TextTable(rows: api.settings.map { [variable($0, system), $0.why + ($0.isSecret ? " (secret)" : "")] }, indent: 2).text
    }
    if !api.signIn.isEmpty {
      text += "\nsigning in, by any of\n" + TextTable(rows: api.signIn.map { [words($0)] }, indent: 2).text
    }
    text += "\noperations\n"
    text +=
      TextTable(
        rows: api.operations.map { operation in
          [operation.kind.rawValue, operation.calls.map(words).joined(separator: ", "), parameters(operation).joined(separator: " ")]
        }, indent: 2
      ).text
    if let pacing = api.pacing {
      let lock = pacing.locks.map { ", then locked for \($0) s" } ?? ", then refused"
      text += "\npacing  \(pacing.calls) calls in \(pacing.seconds) s\(lock)\(pacing.prolongs ? "; calling on prolongs it" : "")\n"
    }
    if !api.options.isEmpty {
      text +=
        "\noptions of `sandbox`, and of what calls the system\n"
        + TextTable(
          rows: api.options.map { ["--option \(system.name).\($0.name)=\($0.value)", "of \($0.choices.joined(separator: ", "))", $0.why] },
          indent: 2
        ).text
    }
    return text
  }

  static func apiJSON(_ api: API, of system: System) -> String {
    var object = JSONLine()
    object.add("base", api.base)
    object.add(
      "settings",
      raw: JSONLine.list(
        api.settings.map { setting in
          var object = JSONLine()
          object.add("name", setting.name)
          object.add("variable", variable(setting, system))
          object.add("why", setting.why)
          object.add("secret", setting.isSecret)
          return object.text
        }))
    object.add("signIn", api.signIn.map(words))
    object.add(
      "operations",
      raw: JSONLine.list(
        api.operations.map { operation in
          var object = JSONLine()
          object.add("operation", operation.kind.rawValue)
          object.add("calls", operation.calls.map(words))
          object.add("parameters", parameters(operation))
          return object.text
        }))
    object.add("options", raw: options(api.options))
    return object.text
  }

  /// `CROSSWALK_<SYSTEM>_<NAME>`, words of the name apart.
  private static func variable(_ setting: API.Setting, _ system: System) -> String {
    func capitals(_ text: String) -> String {
      text.map { $0.isUppercase ? "_\($0)" : $0 == "-" ? "_" : $0.uppercased() }.joined()
    }
    return "CROSSWALK_\(capitals(system.name))_\(capitals(setting.name))"
  }

  private static func words(_ call: API.Call) -> String { "\(call.method) /\(call.path.joined(separator: "/"))" }

  private static func words(_ signIn: API.SignIn) -> String {
    switch signIn.kind {
    case .basic(let user, let password): "basic \(user) : \(password)"
    case .headers(let headers): "headers " + headers.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
    case .query(let query): "query " + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
  }

  private static func parameters(_ operation: API.Operation) -> [String] {
    var names = operation.when.map { "\($0.name)=\($0.value)" }
    if let id = operation.idParameter { names.append(id) }
    names += operation.filters.map(\.parameter)
    if let view = operation.view { names.append("\(view.parameter)=\(view.choices.map(\.word).joined(separator: "|"))") }
    names += operation.shows.map(\.parameter)
    if let paging = operation.paging { names += [paging.at, paging.size] }
    return names
  }
}
