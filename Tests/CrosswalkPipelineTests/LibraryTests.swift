import Crosswalk
import Foundation
import TestSupport
import Testing

/// The library as a program meets it.
@Suite struct LibraryTests {
  let folder: String

  init() throws { folder = try Acme.folder() }

  @Test func aJobOfLiteralsConvertsAFile() throws {
    defer { Acme.remove(folder) }
    let (input, output) = ("\(folder)/in.json", "\(folder)/out.csv")
    try Data(#"[{"Customer":"A","Town":"B"}]"#.utf8).write(to: URL(filePath: input))
    var job = ConvertJob(inputs: [.file(input)], from: "acme", to: "canonical:json")
    job.mappings = [folder]
    job.to = "acme"
    job.output = .file(output)
    let summary = try job.run()
    #expect(summary.records.written == 1)
    #expect(summary.to == "acme:csv")
    #expect(try String(contentsOfFile: output, encoding: .utf8) == "Number,Customer,Town,Phone,Staff,Open\n,A,B,,,\n")
  }

  @Test func aLiteralIsReadAsTheCommandLineReadsIt() {
    #expect(ConvertJob.Endpoint("acme", format: .xml) == "acme:xml")
    #expect(ConvertJob.Endpoint("acme") == "acme")
    #expect(ConvertJob.Endpoint("acme:xlm") == "acme:xlm")
    #expect(ConvertJob.Input.standardInput == "-")
    #expect(ConvertJob.Input.file("a.json") == "a.json")
    #expect(ConvertJob.Output.standardOutput == "-")
    #expect(ConvertJob.Output.file("a.json") == "a.json")
  }

  @Test func bytesBecomeBytes() throws {
    defer { Acme.remove(folder) }
    var output: [UInt8] = []
    let summary = try job("Customer,Town\nA,B\n", "in.csv").run(into: { output += $0 })
    #expect(String(decoding: output, as: UTF8.self) == "[\n{\"Customer\":\"A\",\"Town\":\"B\"}\n]\n")
    #expect(summary.records.written == 1 && summary.bytesRead == 18)
  }

  @Test func largeInputInMemoryArrivesWhole() throws {
    defer { Acme.remove(folder) }
    var text = "Number,Customer\n"
    for number in 0..<20_000 { text += "\(number),Customer \(number)\n" }
    var count = 0
    try job(text, "in.csv").readClients { client in
      guard client.id == "\(count)", client.name == "Customer \(count)" else { throw Stop.here }
      count += 1
    }
    #expect(count == 20_000)
  }

  @Test func whatTheProgramThrowsEndsTheRun() throws {
    defer { Acme.remove(folder) }
    let job = job(#"[{"Customer":"A"},{"Customer":"B"},{"Customer":"C"}]"#, "in.json")
    var names: [String?] = []
    #expect(throws: Stop.here) {
      try job.readClients { client in
        names.append(client.name)
        if names.count == 2 { throw Stop.here }
      }
    }
    #expect(names == ["A", "B"])
    #expect(throws: Stop.here) { try job.run(into: { _ in throw Stop.here }) }
  }

  @Test func aReaderGivesTheSameClientsAsReadClients() throws {
    defer { Acme.remove(folder) }
    var text = ""
    for number in 0..<8_000 {
      text += "{\"Number\":\(number),\"Customer\":\"Customer \(number)\",\"Odd\":[\(number)]}\n"
    }
    let job = job(text, "in.ndjson", format: .ndjson)
    var pushed: [Client] = []
    try job.readClients { pushed.append($0) }
    let reader = ClientReader(job)
    var pulled: [Client] = []
    #expect(reader.summary == nil)
    while let client = try reader.next() { pulled.append(client) }
    #expect(pushed.count == 8_000)
    #expect(pushed == pulled)
    #expect(try reader.next() == nil)
    #expect(reader.summary?.records.written == 8_000)
  }

  @Test func aReaderThatIsLetGoStopsItsRun() throws {
    defer { Acme.remove(folder) }
    var text = ""
    for number in 0..<30_000 { text += "{\"Customer\":\"\(number)\"}\n" }
    let job = job(text, "in.ndjson", format: .ndjson)
    for _ in 0..<3 {
      let reader = ClientReader(job)
      #expect(try reader.next()?.name == "0")
    }
  }

  @Test func aReaderThrowsWhatEndedTheRunOnce() throws {
    defer { Acme.remove(folder) }
    let reader = ClientReader(job(#"[{"Customer":"A"},{"Customer":"#, "in.json"))
    #expect(throws: Diagnostic.self) { while try reader.next() != nil {} }
    #expect(try reader.next() == nil)
    #expect(reader.summary == nil)
  }

  @Test func tooManyRejectsAreThrownWithTheFirstOfThem() throws {
    defer { Acme.remove(folder) }
    var job = job(#"[{"Customer":"A"},{"Town":"B"},{"Town":"C"}]"#, "in.json")
    job.shape = .create
    job.to = "acme:json"
    let expected = """
      error[V0308]: 2 of 3 records were rejected; 0 may be; the first: acme requires `Customer` on create, and this record has \
      nothing for it
        --> in.json, record 1, bytes 18..<30  (Customer)
        ::: \(folder)/acme/client.yaml:4:3
         = help: why: `Customer` is missing 2; `--set FIELD=VALUE` gives what is missing, and `--max-rejects N --rejects FILE` sets such \
      records aside
      """
    #expect(throws: Diagnostic.self) {
      do { try job.run(into: { _ in }) } catch {
        #expect("\(error)" == expected)
        throw error
      }
    }
    job.output = .file("\(folder)/out.json")
    #expect(try job.attempt().failure?.code == .rejectLimit)
    #expect(throws: Diagnostic.self) { try job.run() }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/out.json"))
  }

  @Test func allowedRejectsGoToTheirFileAndTheOthersAreRead() throws {
    defer { Acme.remove(folder) }
    var job = job("{\"Customer\":\"A\"}\n{\"Customer\":\n{\"Customer\":\"C\"}\n", "in.ndjson", format: .ndjson)
    job.maxRejects = .count(1)
    job.rejects = "\(folder)/rejects.ndjson"
    var problems: [Diagnostic] = []
    var names: [String?] = []
    let summary = try job.readClients(report: { problems.append($0) }) { names.append($0.name) }
    #expect(names == ["A", "C"])
    #expect(summary.records.rejected == 1 && summary.records.malformed == 1)
    #expect(problems.map(\.disposition) == [.reject])
    #expect(
      try String(contentsOfFile: "\(folder)/rejects.ndjson", encoding: .utf8).hasPrefix(
        #"{"source":"in.ndjson","record":1,"#))
  }

  @Test func aWrongNameIsMetWithTheRightOne() {
    #expect(throws: Diagnostic.self) {
      do { try Clients.read(.bytes([], name: "a.json"), from: "canonicl") { _ in } } catch {
        #expect(
          "\(error)".hasPrefix("error[U0002]: there is no system `canonicl`\n   = help: did you mean `canonical`?"))
        throw error
      }
    }
  }

  private enum Stop: Error { case here }

  private func job(_ text: String, _ name: String, format: Format? = nil) -> ConvertJob {
    var job = ConvertJob(
      inputs: [.bytes(Array(text.utf8), name: name)], from: .init("acme", format: format), to: "acme:json")
    job.mappings = [folder]
    return job
  }
}
