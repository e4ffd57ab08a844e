import Crosswalk
import CrosswalkSandbox
import CrosswalkTerminal
import Glibc

/// The first records of a sandbox: files that `convert` reads, whoever wrote them.
struct SandboxData {
  private let files: [(system: String, path: String)]
  private let from: String?
  private let job: SandboxJob

  /// - texts: `[SYSTEM=]FILE`; the system may be left out where one alone is played.
  init(_ texts: [String], from: String?, _ job: SandboxJob) throws(Diagnostic) {
    var files: [(system: String, path: String)] = []
    for text in texts {
      let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
      if sides.count == 2, job.systems.contains(sides[0]) {
        files.append((sides[0], sides[1]))
      } else if job.systems.count == 1 {
        files.append((job.systems[0], text))
      } else {
        throw Diagnostic(
          .usage, "`--data \(text)` does not say whose records these are",
          help: "`--data \(job.systems.first ?? "SYSTEM")=\(text)`")
      }
    }
    self.files = files
    self.from = from
    self.job = job
  }

  /// Puts the records into systems that have none yet; a store that has some goes on with them.
  func fill(_ sandbox: CrosswalkSandbox.Sandbox, _ console: Console) throws(Diagnostic) {
    for (system, _) in files where !sandbox.isEmpty(system) {
      throw Diagnostic(
        .usage, "the store has records of \(system) already", help: "leave `--data` out to go on with them, or name a new `--store`")
    }
    for (system, path) in files {
      let records = try records(of: path, as: system, console)
      try blocking { () async throws(Diagnostic) in try await sandbox.seed(system, records) }
    }
  }

  /// A line each, in the system's own names.
  private func records(of path: String, as system: String, _ console: Console) throws(Diagnostic) -> [[UInt8]] {
    var name = Array("\(TemporaryFolder.path)/crosswalk-sandbox-XXXXXX".utf8CString)
    let descriptor = name.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
    let temporary = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else {
      throw Diagnostic(.unwritableOutput, "a temporary file cannot be made in `\(TemporaryFolder.path)`", help: "TMPDIR names another folder")
    }
    close(descriptor)
    defer { unlink(temporary) }
    var convert = ConvertJob(
      inputs: [path == "-" ? .standardInput : .file(path)], from: ConvertJob.Endpoint(stringLiteral: from ?? system),
      to: ConvertJob.Endpoint(system, format: .ndjson))
    convert.output = .file(temporary)
    convert.residue = .none
    convert.force = true
    convert.mappings = job.mappings
    let summary = try convert.run(report: { console.show($0) })
    guard summary.records.rejected == 0 else {
      throw Diagnostic(.usage, "\(summary.records.rejected) records of `\(path)` cannot be records of \(system)", help: "`convert` says why")
    }
    if let lost = SandboxData.lost(summary, of: path, as: system) { console.show(lost) }
    return try SandboxData.bytes(of: temporary).split(separator: 0x0a).map(Array.init)
  }

  /// A sandbox plays the fields that the system's file has, and no others: what stands in the data beside them is left out.
  static func lost(_ summary: ConvertSummary, of path: String, as system: String) -> Diagnostic? {
    let count = summary.parked.reduce(0) { $1.key == .empty || $1.key == .derived ? $0 : $0 + $1.value }
    let around = summary.documentUnknown.values.reduce(0, +)
    guard count + around > 0 else { return nil }
    var fields = summary.parkedFields.merging(summary.documentUnknown, uniquingKeysWith: +).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let rest = fields.count - 8
    if rest > 0 { fields = Array(fields.prefix(8)) }
    let list = fields.map { "\($0.key) \($0.value)" }.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    return Diagnostic(
      .parkedNowhere, "\(count + around) values of `\(path)` are not in the sandbox: \(system) has no place for them as they are",
      help: "by field\(summary.parked.keys.contains { $0 == .empty || $0 == .derived } ? ", empty and derived ones too" : ""): \(list); `client.yaml` of \(system) says which fields it has", disposition: .warning)
  }

  private static func bytes(of path: String) throws(Diagnostic) -> [UInt8] {
    let source = try InputSource(.file(path), limits: Limits())
    var bytes: [UInt8] = []
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 20)
    defer { room.deallocate() }
    while true {
      let count = try source.read(into: room, count: 1 << 20)
      if count == 0 { return bytes }
      bytes += UnsafeBufferPointer(start: room, count: count)
    }
  }
}
