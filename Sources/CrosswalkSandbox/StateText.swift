import CrosswalkModel

/// The state of a sandbox as JSON, for the page and for `GET /__sandbox/state`.
enum StateText {
  static func json(_ state: SandboxState) -> String {
    var object = JSONLine()
    object.add("systems", raw: list(state.systems, json))
    object.add("exchanges", raw: list(state.exchanges, json))
    object.add("faults", raw: list(state.faults) { fault in
      var object = JSONLine()
      object.add("rule", fault.rule)
      object.add("fired", fault.fired)
      return object.text
    })
    return object.text
  }

  private static func json(_ system: SandboxState.Played) -> String {
    var object = JSONLine()
    object.add("name", system.name)
    object.add("title", system.title)
    object.add("base", system.base)
    object.add("signIn", system.signIn)
    object.add("options", raw: list(system.options) { option in
      var object = JSONLine()
      object.add("name", option.name)
      object.add("value", option.value)
      object.add("choices", option.choices)
      object.add("why", option.why)
      return object.text
    })
    object.add("fields", system.fields)
    object.add("records", raw: list(system.records) { record in
      var object = JSONLine()
      for field in system.fields { if let value = record[field] { object.add(field, value) } }
      return object.text
    })
    object.add("count", system.count)
    return object.text
  }

  private static func json(_ exchange: SandboxState.Exchange) -> String {
    var object = JSONLine()
    object.add("number", exchange.number)
    object.add("time", exchange.time)
    object.add("connection", exchange.connection)
    object.add("method", exchange.method)
    object.add("target", exchange.target)
    object.add("status", exchange.status)
    object.add("request", exchange.request)
    object.add("reply", exchange.reply)
    if let fault = exchange.fault { object.add("fault", fault) }
    return object.text
  }

  private static func list<Element>(_ elements: [Element], _ json: (Element) -> String) -> String {
    JSONLine.list(elements.map(json))
  }
}
