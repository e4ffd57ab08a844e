import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkRoute
import Synchronization

/// Systems that are played: routes each request to its system, lets faults happen, keeps what was written, and remembers what was
/// said.
///
/// What a request changes is visible to others at once and acknowledged only when the store has it. Where the fault `slow-commit` has
/// it done late, a client waits for its answer by the machine's clock; with the fast one it has none, since time may only pass with the
/// next request.
package final class Sandbox: SandboxService {
  private struct World: ~Copyable {
    var systems: [PlayedSystem]
    var faults: Faults
    var exchanges: [Said] = []
    var number = 0
    /// Of the store: what the records here build upon.
    var state: Int
    /// The store could not be written: what the records are here is not what it has.
    var isStale = false
    /// Calls that are done late, in the order in which they came.
    var late: [Late] = []
    let clock: SandboxClock
  }

  private struct Late {
    var number: Int
    var due: Int
    var system: PlayedSystem
    var path: String
    var call: PlayedSystem.Call
    var faults: CallFaults
  }

  /// A request and its reply as they were: made into text without secrets when somebody looks, not before, since that takes as long
  /// as all the rest of a call.
  private struct Said {
    var number: Int
    var milliseconds: Int
    /// Of long bodies only how long they were.
    var request: SandboxRequest
    var requestCount: Int
    var reply: SandboxReply
    var replyCount: Int
    var fault: String?
    /// As text, once somebody has looked.
    var text: SandboxState.Exchange?

    init(_ number: Int, at milliseconds: Int, _ request: SandboxRequest, _ reply: SandboxReply, _ fault: String?) {
      self.number = number
      self.milliseconds = milliseconds
      self.request = request
      self.reply = reply
      self.fault = fault
      requestCount = request.body.count
      replyCount = 0
      if requestCount > Redactor.kept { self.request.body = [] }
      setReply(reply)
    }

    mutating func setReply(_ reply: SandboxReply) {
      self.reply = reply
      text = nil
      replyCount = reply.body.count
      if replyCount > Redactor.kept { self.reply.body = [] }
    }
  }

  private let world: Mutex<World>
  private let store: SandboxStore
  /// `http://127.0.0.1:8080`, once the server knows it.
  private let address = Mutex("")
  private let redactor: Redactor
  private static let remembered = 200
  /// How late a slow commit or a delayed answer is.
  private static let lateMilliseconds = 3000

  /// - systems: each with the options of its API.
  /// - store: what an earlier run left in it is there again.
  package init(
    _ systems: [(system: System, options: [String: String])], store: SandboxStore, faults: Faults, seed: UInt64, isFast: Bool
  ) throws(Diagnostic) {
    let clock = SandboxClock(isFast: isFast)
    var played: [PlayedSystem] = []
    for (system, options) in systems {
      let one = try PlayedSystem(system, options: options, seed: seed, clock: clock)
      try one.reload(store.records(of: system.name))
      played.append(one)
    }
    if isFast {
      // As of the last write, or where it was set since.
      for record in try store.records(of: Sandbox.clockName) { clock.resume(at: Int(String(decoding: record.body, as: UTF8.self)) ?? 0) }
      if let last = try store.history().last?.write?.time, let time = SandboxClock.milliseconds(of: last) { clock.resume(at: time) }
    }
    try faults.check(played.flatMap(\.api.operations))
    redactor = Redactor(played)
    self.store = store
    world = Mutex(World(systems: played, faults: faults, state: store.state, clock: clock))
  }

  /// Under which the store has how far the fast clock was put on: no system has a blank in its name.
  private static let clockName = "the clock"

  /// Records that a system has from the start; they are none of the history.
  ///
  /// - Returns: what is odd about them, and would not have come about by calls.
  @discardableResult
  package func seed(_ name: String, _ records: [[UInt8]]) async throws(Diagnostic) -> [Diagnostic] {
    var failure: Diagnostic?
    var repeated: [(field: String, value: String, count: Int)] = []
    let stored = world.withLock { world -> [StoredRecord] in
      guard let system = world.systems.first(where: { $0.system.name == name }) else { return [] }
      var stored: [StoredRecord] = []
      for record in records {
        do throws(FormatError) {
          let received = try system.codec.read(record, .init(.list, .ndjson))
          do throws(Diagnostic) {
            for (field, value) in system.repeated(in: received.record) {
              if let index = repeated.firstIndex(where: { $0.field == field }) { repeated[index].count += 1 } else { repeated.append((field, value, 1)) }
            }
            stored.append(try system.seed(received))
          } catch {
            failure = error
            return []
          }
        } catch {
          failure = Diagnostic(.usage, "a record of the data cannot be read: \(error.reason)")
          return []
        }
      }
      return stored
    }
    if let failure { throw failure }
    try await store.commit(stored)
    return repeated.map { field, value, count in
      Diagnostic(
        .clash, "`\(value)` stands in more than one record of the data, and `\(field)` of \(name) is unique",
        help: "they are played as they are\(count > 1 ? ", as are \(count - 1) more like it" : ""); no call could have made them",
        disposition: .warning)
    }
  }

  package func isEmpty(_ name: String) -> Bool {
    world.withLock { world in world.systems.first { $0.system.name == name }?.records.isEmpty ?? true }
  }

  package func listens(at address: String) { self.address.withLock { $0 = address } }

  // MARK: - A request

  private struct Answer {
    var reply: SandboxReply
    var changes: [StoredRecord] = []
    /// Of the store, upon which the changes build.
    var state = 0
    /// The call is done when the clock says so, not by this answer.
    var isLate = false
  }

  package func answer(_ request: SandboxRequest) async -> SandboxReply {
    let isControl = request.target.hasPrefix("/__sandbox/")
    var (answer, number, isFast) = world.withLock { world -> (Answer, Int, Bool) in
      if world.isStale, let failure = refresh(&world) { return (Answer(reply: Sandbox.plain(500, failure)), world.number, true) }
      var answer: Answer
      if isControl {
        answer = control(request, &world)
      } else {
        world.clock.tick()
        let due = self.due(&world)
        answer = self.answer(request, &world)
        answer.changes = due + answer.changes
      }
      answer.state = world.state
      return (answer, world.number, isControl || world.clock.isFast)
    }
    if answer.isLate, !isFast {
      try? await Task.sleep(for: .milliseconds(Sandbox.lateMilliseconds))
      answer = world.withLock { world in
        if world.isStale, let failure = refresh(&world) { return Answer(reply: Sandbox.plain(500, failure)) }
        var late = done(number, &world)
        late?.state = world.state
        return late
      } ?? answer
    }
    return await committed(answer)
  }

  private func committed(_ answer: Answer) async -> SandboxReply {
    guard !answer.changes.isEmpty else { return answer.reply }
    do throws(Diagnostic) {
      try await store.commit(answer.changes, of: answer.state)
    } catch {
      // Others may have built upon what was changed here: the next call begins with what the store has.
      world.withLock { world in if world.state == answer.state { world.isStale = true } }
      return Sandbox.plain(500, "the store cannot be written: \(error.title)\n\(error.help.map { "help: \($0)" } ?? "")")
    }
    return answer.reply
  }

  /// What the store has is what there is; why not, where it cannot be read.
  private func refresh(_ world: inout World) -> String? {
    let state = store.state
    do throws(Diagnostic) {
      for system in world.systems { try system.reload(store.records(of: system.system.name)) }
    } catch {
      return "the store cannot be read: \(error.title)"
    }
    world.state = state
    world.isStale = false
    return nil
  }

  private static func plain(_ status: Int, _ text: String) -> SandboxReply {
    SandboxReply(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array("\(text)\n".utf8))
  }

  // MARK: - Late calls

  /// Does what the fast clock has reached.
  private func due(_ world: inout World) -> [StoredRecord] {
    guard world.clock.isFast, !world.late.isEmpty else { return [] }
    let now = world.clock.milliseconds
    var changes: [StoredRecord] = []
    // All are late by the same time: the first one came first.
    while let first = world.late.first, first.due <= now { changes += done(first.number, &world)?.changes ?? [] }
    return changes
  }

  /// Does a call that was put off, as if it came now; by the machine's clock its client still waits for the reply. Nil where it has been done.
  private func done(_ number: Int, _ world: inout World) -> Answer? {
    guard let index = world.late.firstIndex(where: { $0.number == number }) else { return nil }
    var late = world.late.remove(at: index)
    var answer: Answer
    do throws(PlayedSystem.Refused) {
      let outcome = try late.system.perform(late.call, &late.faults)
      answer = Answer(reply: outcome.reply, changes: outcome.changes)
    } catch {
      answer = Answer(reply: late.system.refusal(error, late.call, late.call.look, path: late.path))
    }
    if !world.clock.isFast, let said = world.exchanges.lastIndex(where: { $0.number == number }) {
      world.exchanges[said].setReply(answer.reply)
    }
    return answer
  }

  private func answer(_ request: SandboxRequest, _ world: inout World) -> Answer {
    world.number += 1
    guard let parameters = Parameters(request.target) else {
      var reply = Sandbox.plain(400, "the target cannot be decoded: behind a percent sign stand two hexadecimal digits, and together they are UTF-8")
      reply.headers.append(("Connection", "close"))
      return Answer(reply: reply)
    }
    guard let (system, path) = route(parameters.path, world.systems) else {
      let names = world.systems.map { "/\($0.system.name)/" }.joined(separator: " ")
      return Answer(reply: Sandbox.plain(404, "played here: \(names)"))
    }
    var met: CallFaults?
    let answer = answer(request, system, path, parameters.query, &world, &met)
    let fault = met.flatMap { world.faults.count($0) }
    remember(request, answer.reply, fault, &world)
    return answer
  }

  /// The system and the path within it: behind its name, or behind its own base's path.
  private func route(_ path: [String], _ systems: [PlayedSystem]) -> (PlayedSystem, [String])? {
    if let first = path.first, let system = systems.first(where: { $0.system.name == first }) {
      return (system, within(system, Array(path.dropFirst())))
    }
    guard systems.count == 1 else { return nil }
    return (systems[0], within(systems[0], path))
  }

  private func within(_ system: PlayedSystem, _ path: [String]) -> [String] {
    let base = system.basePath
    guard !base.isEmpty, path.count > base.count, zip(base, path).allSatisfy(system.isSameStep) else { return path }
    return Array(path.dropFirst(base.count))
  }

  private func answer(
    _ request: SandboxRequest, _ system: PlayedSystem, _ path: [String], _ query: [(name: String, value: String)],
    _ world: inout World, _ met: inout CallFaults?
  ) -> Answer {
    let seen = system.look(of: request)
    let own = "/" + path.joined(separator: "/")
    var call: PlayedSystem.Call?
    var faults = CallFaults(seed: world.faults.seed)
    defer { met = faults }
    func refuse(_ refused: PlayedSystem.Refused) -> Answer {
      Answer(reply: system.refusal(refused, call, seen.look, path: own))
    }
    do throws(PlayedSystem.Refused) {
      let known = try system.call(request, path: path, query: query, seen)
      call = known
      faults = world.faults.meet(known.operation.kind)
      let now = system.clock.milliseconds
      if let wait = system.pace.take(at: now) { return refuse(.init(.throttled, wait: wait)) }
      if let answer = Sandbox.replaced(faults.name, request, system, now, refuse) {
        faults.fire()
        return answer
      }
      if known.operation.kind != .session, !system.signIn.isSignedIn(request, known.parameters, at: system.clock.seconds) {
        throw .init(.unauthorized)
      }
      if faults.name == .forbidden {
        faults.fire()
        throw .init(.forbidden)
      }
      if faults.name == .slowCommit {
        faults.fire()
        world.late.append(
          Late(
            number: world.number, due: now + Sandbox.lateMilliseconds, system: system, path: own, call: known, faults: faults))
        return Answer(reply: SandboxReply(status: 503, transport: .reset), isLate: true)
      }
      let outcome = try system.perform(known, &faults)
      return spoiled(Answer(reply: outcome.reply, changes: outcome.changes), &faults)
    } catch {
      return spoiled(refuse(error), &faults)
    }
  }

  /// The answer that a fault has in place of the call.
  private static func replaced(
    _ fault: Faults.Name?, _ request: SandboxRequest, _ system: PlayedSystem, _ now: Int, _ refuse: (PlayedSystem.Refused) -> Answer
  ) -> Answer? {
    switch fault {
    case .failBefore?: return Answer(reply: Sandbox.page(503, "Service Unavailable"))
    case .resetBefore?: return Answer(reply: SandboxReply(status: 503, transport: .reset))
    case .htmlOK?: return Answer(reply: Sandbox.page(200, "Scheduled maintenance"))
    case .redirectCrossOrigin?:
      return Answer(reply: SandboxReply(status: 302, headers: [("Location", "http://elsewhere.invalid\(request.target)")]))
    case .throttle?: return refuse(.init(.throttled, wait: system.api.pacing?.seconds ?? 1))
    case .lock?:
      system.pace.block(at: now)
      return refuse(.init(.throttled, wait: max(1, system.pace.wait(at: now))))
    case .expire?:
      system.signIn.endAll()
      return refuse(.init(.unauthorized))
    case .exists?: return refuse(.init(.exists, system.unique.first.map { system.codec.leaves[$0].name } ?? "name"))
    default: return nil
    }
  }

  /// What a fault does to a reply that is done.
  private func spoiled(_ answer: Answer, _ faults: inout CallFaults) -> Answer {
    var answer = answer
    switch faults.name {
    case .failAfter?: answer.reply = Sandbox.page(502, "Bad Gateway")
    case .resetAfter?: answer.reply.transport = .reset
    case .dropAfter?: answer.reply.transport = .drop
    case .delayAfter?: answer.reply.transport = .delay(milliseconds: Sandbox.lateMilliseconds)
    case .truncateBody?: answer.reply.transport = .truncate(answer.reply.body.count / 2)
    case .wrongContentType?:
      answer.reply.headers.removeAll { $0.name == "Content-Type" }
      answer.reply.headers.append(("Content-Type", "application/octet-stream"))
    default: return answer
    }
    faults.fire()
    return answer
  }

  private static func page(_ status: Int, _ title: String) -> SandboxReply {
    let body = "<html><head><title>\(status) \(title)</title></head><body><h1>\(title)</h1></body></html>"
    return SandboxReply(status: status, headers: [("Content-Type", "text/html; charset=utf-8")], body: Array(body.utf8))
  }

  // MARK: - Control

  /// `POST faults`: rules in the body take the place of those that were; `POST clock`: seconds that pass; `POST in-use`: lines `SYSTEM ID`
  /// of records that others depend on, or with `off` behind them do no more.
  private func control(_ request: SandboxRequest, _ world: inout World) -> Answer {
    let text = String(decoding: request.body, as: UTF8.self)
    func plain(_ status: Int, _ text: String) -> Answer { Answer(reply: Sandbox.plain(status, text)) }
    switch request.target.dropFirst("/__sandbox/".count) {
    case "faults":
      do throws(Diagnostic) {
        let new = try Faults(text, seed: world.faults.seed)
        try new.check(world.systems.flatMap(\.api.operations))
        world.faults = new
        return plain(200, new.rules.map(\.text).joined(separator: ","))
      } catch {
        return plain(400, error.title + (error.help.map { "\nhelp: \($0)" } ?? ""))
      }
    case "clock":
      guard let seconds = Int(text.filter { !$0.isWhitespace }), seconds >= 0 else { return plain(400, "the body is a number of seconds") }
      guard world.clock.advance(seconds: seconds) else { return plain(400, "the clock goes up to the year 9998") }
      var answer = plain(200, world.clock.text)
      answer.changes = due(&world)
      if world.clock.isFast {
        let body = Array(String(world.clock.milliseconds).utf8)
        answer.changes.append(StoredRecord(system: Sandbox.clockName, id: "", sequence: 0, body: body))
      }
      return answer
    case "in-use":
      var answer = plain(200, "done")
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2 || words.count == 3 && words[2] == "off", let system = world.systems.first(where: { $0.system.name == words[0] }),
          let index = system.index(ofId: words[1])
        else {
          answer.reply = Sandbox.plain(400, "`\(line)` is no system and id of a record in it\nhelp: lines `SYSTEM ID`, or `SYSTEM ID off`")
          return answer
        }
        var held = system.records[index]
        held.isInUse = words.count == 2
        system.put(held)
        answer.changes.append(system.stored(held))
      }
      return answer
    default: return plain(404, "control: faults, clock, in-use")
    }
  }

  // MARK: - What was said

  private func remember(_ request: SandboxRequest, _ reply: SandboxReply, _ fault: String?, _ world: inout World) {
    world.exchanges.append(Said(world.number, at: world.clock.milliseconds, request, reply, fault))
    if world.exchanges.count > 2 * Sandbox.remembered { world.exchanges.removeFirst(Sandbox.remembered) }
  }

  private func shown(_ said: Said) -> SandboxState.Exchange {
    let (request, reply) = (said.request, said.reply)
    let target = redactor.target(request.target)
    return .init(
      number: said.number, time: SandboxClock.text(of: said.milliseconds), connection: request.connection,
      method: request.method, target: target, status: reply.status,
      request: redactor.text(head: "\(request.method) \(target)", request.headers, request.body, of: said.requestCount, isReply: false),
      reply: redactor.text(head: "\(reply.status)", reply.headers, reply.body, of: said.replyCount, isReply: true), fault: said.fault)
  }

  package func state() -> SandboxState {
    let address = address.withLock { $0 }
    return world.withLock { world in
      let isAlone = world.systems.count == 1
      for index in world.exchanges.indices.suffix(Sandbox.remembered) where world.exchanges[index].text == nil {
        world.exchanges[index].text = shown(world.exchanges[index])
      }
      return SandboxState(
        systems: world.systems.map { played($0, at: "\(address)/\(isAlone ? "" : $0.system.name)") },
        exchanges: world.exchanges.suffix(Sandbox.remembered).compactMap(\.text), faults: world.faults.rules.map { ($0.text, $0.fired) })
    }
  }

  private func played(_ system: PlayedSystem, at base: String) -> SandboxState.Played {
    let shown = system.codec.leaves.indices.filter { leaf in system.records.suffix(50).contains { $0.values[leaf] != nil } }
    let names = shown.map { system.codec.leaves[$0].name }
    let records = system.records.suffix(50).filter { !$0.isDeleted }.map { held in
      var row: [String: String] = [:]
      for leaf in shown {
        guard let value = held.values[leaf] else { continue }
        let isSecret = system.system.fields[system.codec.leaves[leaf].field].isSecret
        row[system.codec.leaves[leaf].name] = isSecret ? "REDACTED" : String(decoding: RecordCodec.literal(value), as: UTF8.self)
      }
      return row
    }
    let signIn = system.api.signIn.map { way in
      switch way.kind {
      case .basic(let user, let password): "Basic, user \(system.signIn.filled(user)), password \(system.signIn.filled(password))"
      case .headers(let headers):
        "headers " + headers.map { "\($0.name): \(system.signIn.filled($0.value))" }.joined(separator: ", ")
          + (way.sessionHours == nil ? "" : " (from the session call, as \(sessionUser(system)))")
      case .query(let query): "query " + query.map { "\($0.name)=\(system.signIn.filled($0.value))" }.joined(separator: "&")
      }
    }
    return .init(
      name: system.system.name, title: system.system.title, base: base, signIn: signIn,
      options: system.api.options.map { ($0.name, $0.value, $0.choices, $0.why) }, fields: names, records: records,
      count: system.records.count { !$0.isDeleted })
  }

  private func sessionUser(_ system: PlayedSystem) -> String {
    guard case .members(let members)? = system.api.operations.first(where: { $0.kind == .session })?.body else { return "anyone" }
    return members.map { "\($0.name) \(system.signIn.filled($0.value))" }.joined(separator: ", ")
  }
}
