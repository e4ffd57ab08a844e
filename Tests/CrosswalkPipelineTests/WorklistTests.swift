import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

@testable import CrosswalkPipeline

/// Values that do not convert: listed, filled in, given back (SEMANTICS section 4).
@Suite struct WorklistTests {
  /// A folder of its own, gone with the test.
  final class Folder {
    let url = FileManager.default.temporaryDirectory.appending(path: "crosswalk-worklist-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }
    func write(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: url.appending(path: name)) }
    func text(_ name: String) throws -> String { String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self) }
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }

    func job(_ input: String, _ from: ConvertJob.Endpoint, _ to: ConvertJob.Endpoint) throws -> ConvertJob {
      try write(input, "in")
      var job = ConvertJob(inputs: [.file(path("in"))], from: from, to: to)
      job.audit = .all
      return job
    }

    /// What a dry run lists.
    func worklist(_ job: ConvertJob, _ name: String = "W.csv") throws -> (text: String, summary: ConvertSummary) {
      var job = job
      job.dryRun = true
      job.worklist = path(name)
      job.force = true
      let summary = try job.attempt()
      let text = try text(name)
      #expect(text.hasPrefix("\u{FEFF}system,field,canonical,value,in,why,records,example,nearest,use\n"))
      return (String(text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)[1]), summary)
    }
  }

  static let places = [
    ("CO", "UNITED STATES"), ("LN", "UNITED KINGDOM"), ("MA", "POLAND"), ("MA", "UNITED STATES"), ("NS", "AUSTRALIA"), ("BY", "Deutschland"),
  ]

  /// Records of which some lack a region or a country, and some have values that the table does not have.
  static func records(_ count: Int) -> String {
    let lines = (0..<count).map { index in
      let (state, country) = places[index % places.count]
      var members = [#""SystemId":\#(100 + index),"Nm":"Client \#(index)""#]
      if index % 7 != 0 { members.append(#""State":"\#(state)""#) }
      if index % 5 != 0 { members.append(#""Country":"\#(country)""#) }
      return "{\(members.joined(separator: ","))}"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func lacking(_ count: Int) -> Int { (0..<count).count { $0 % 7 == 0 || $0 % 5 == 0 } }

  @Test func theFirstRunListsWhatFailsAndAFilledListBringsTheRejectsDown() throws {
    let folder = try Folder()
    var job = try folder.job(Self.records(210), "bigtime:ndjson", "trackops")
    job.shape = .create
    job.output = .file(folder.path("out"))
    let refused = try job.attempt().failure
    #expect(refused?.title == "162 of 210 records were rejected; 0 may be")
    #expect(
      refused?.help
        == "why: `primary_location.state` does not convert 72, `primary_location.country` is missing 42, `primary_location.state` is missing 30, "
        + "`primary_location.country` does not convert 28; `--dry-run --worklist FILE.csv` lists the values to be given, and "
        + "`--max-rejects N --rejects FILE` sets such records aside")
    let (list, summary) = try folder.worklist(job)
    #expect(
      list == """
        trackops,primary_location.country,address.country,,,missing,42,100,"leave `use` empty; for all records without one: --set address.country=VALUE",
        trackops,primary_location.state,address.region,,,missing,30,100,"leave `use` empty; for all records without one: --set address.region=VALUE",
        trackops,primary_location.country,address.country,Deutschland,,does not convert,28,111,,
        trackops,primary_location.state,address.region,LN,GB,does not convert,24,101,,
        trackops,primary_location.state,address.region,MA,PL,does not convert,24,102,"Lesser Poland; Masovia",
        trackops,primary_location.state,address.region,NS,AU,does not convert,24,104,"Northern Territory; South Australia; Western Australia",

        """)
    #expect(summary.failure?.code == .rejectLimit && summary.worklist == .init(file: folder.path("W.csv"), values: 6, beyond: 0, otherRejects: 0))
    #expect(try folder.names() == ["W.csv", "in"])
    let mode = try FileManager.default.attributesOfItem(atPath: folder.path("W.csv"))[.posixPermissions] as? Int
    #expect(mode == 0o600)

    var filled = try folder.text("W.csv")
    for (value, use) in [("LN,GB", "!LN"), ("MA,PL", "Małopolskie"), ("NS,AU", "!NS"), ("Deutschland,", "germany")] {
      filled = filled.replacing(try Regex("(,\(value),does not convert,.*,)\n"), maxReplacements: 1) { "\($0.output[1].substring ?? "")\(use)\n" }
    }
    try folder.write(filled, "V.csv")
    job.values = [folder.path("V.csv")]
    job.maxRejects = .count(1000)
    job.rejects = folder.path("rejects")
    job.audit = .one(of: 5)
    let done = try job.run()
    #expect(done.records.rejected == Self.lacking(210) && done.replaced > 70 && done.audited > 10)
    let lines = try folder.text("out").split(separator: "\n")
    #expect(lines.count { $0.contains(#""state":"LN","country":"GB""#) } == 24)
    #expect(lines.count { $0.contains(#""state":"12","country":"PL""#) } == 24)
    #expect(lines.count { $0.contains(#""state":"BY","country":"DE""#) } == 24)
    // What needs no other value has none.
    #expect(lines.count { $0.contains(#""state":"MA","country":"US""#) } == 24)
  }

  @Test func theListDoesNotDependOnTheNumberOfWorkers() throws {
    let folder = try Folder()
    var job = try folder.job(Self.records(4500), "bigtime:ndjson", "trackops")
    job.shape = .create
    job.audit = .none
    job.jobs = 1
    let one = try folder.worklist(job).text
    job.jobs = 3
    #expect(try folder.worklist(job).text == one)
  }

  @Test func aThousandRejectsBeyondTheLimitAreCountedAndNoMore() throws {
    let folder = try Folder()
    var job = try folder.job(Self.records(4500), "bigtime:ndjson", "trackops")
    job.shape = .create
    job.jobs = 1
    job.audit = .none
    job.output = .file(folder.path("out"))
    job.rejects = folder.path("rejects")
    job.maxRejects = .count(10)
    let summary = try job.attempt()
    let rejected = summary.records.rejected
    #expect((1011..<3000).contains(rejected) && summary.records.read < 4500)
    #expect(summary.failure?.title == "\(rejected) of the first \(summary.records.read) records were rejected; 10 may be")
    #expect(try folder.text("rejects").split(separator: "\n").count == rejected)
    #expect(try folder.names() == ["in", "rejects"])
  }

  @Test func whatStoodInGoesAwayOnTheWayBackAndEditsWin() throws {
    let folder = try Folder()
    let source = #"""
      {"SystemId":1,"Nm":"A","State":"MA","Country":"POLAND"}
      {"SystemId":2,"Nm":"B","State":"Bavaria","Country":"Deutschland"}
      {"SystemId":3,"Nm":"C","State":"MA","Country":"POLAND"}

      """#
    try folder.write("field,in,value,use\nprimary_location.state,PL,MA,Lesser Poland\nprimary_location.country,,Deutschland,DE\n", "V.csv")
    var job = try folder.job(source, "bigtime:ndjson", "trackops:ndjson")
    job.values = [folder.path("V.csv")]
    job.output = .file(folder.path("there"))
    job.residue = .file(folder.path("residue"))
    #expect(try job.run().replaced == 3)
    #expect(
      try folder.text("there") == #"""
        {"id":1,"name":"A","primary_location":{"state":"12","country":"PL"}}
        {"id":2,"name":"B","primary_location":{"state":"BY","country":"DE"}}
        {"id":3,"name":"C","primary_location":{"state":"12","country":"PL"}}

        """#)
    func back(_ input: String) throws -> String {
      var back = try folder.job(input, "trackops:ndjson", "bigtime:ndjson")
      back.output = .file(folder.path("back"))
      back.restore = folder.path("residue")
      back.residue = .none
      back.force = true
      try back.run()
      return try folder.text("back")
    }
    // The worklist itself is not asked for: the residue knows what stood in.
    try FileManager.default.removeItem(atPath: folder.path("V.csv"))
    #expect(try back(folder.text("there")) == source)
    let edited = try folder.text("there").replacing(#""name":"C","primary_location":{"state":"12""#, with: #""name":"C","primary_location":{"state":"14""#)
    #expect(try back(edited) == source.replacing(#""Nm":"C","State":"MA""#, with: #""Nm":"C","State":"14""#))
  }

  @Test(arguments: ["open", "ACTIVE", "o p e n"]) func aChoiceIsGivenByItsWordOrASpelling(_ use: String) throws {
    let folder = try Folder()
    try folder.system(
      """
      fields:
        Id: id
        State: { is: billing.method, as: { choice: { open: [OPEN, active], done: [CLOSED] }, ignore: [case, blanks] } }
        Size: company.size

      """)
    var job = try folder.job(#"{"Id":"7","State":"by the moon","Size":"many"}"# + "\n", "acme:ndjson", "canonical:ndjson")
    job.mappings = [folder.path("more")]
    job.output = .file(folder.path("out"))
    #expect(
      try folder.worklist(job).text == """
        acme,State,billing.method,by the moon,,does not convert,1,7,OPEN; CLOSED,
        canonical,company.size,company.size,many,,does not convert,1,7,,

        """.replacing("OPEN; CLOSED", with: #""OPEN; CLOSED""#))
    try folder.write("system,field,value,use\nacme,State,by the moon,\(use)\ncanonical,company.size,many,12\n", "V.csv")
    job.values = [folder.path("V.csv")]
    try job.run()
    #expect(
      try folder.text("out")
        == #"{"id":"7","billing":{"method":"open"},"company":{"size":12},"system":"acme","native":{"acme":{"State":"by the moon","Size":"many"}}}"#
        + "\n")
  }

  @Test func aLabelWithoutACodeIsGivenOneThatHas() throws {
    let folder = try Folder()
    var job = try folder.job(#"{"id":1,"name":"A","currency":"Krona"}"# + "\n", "harvest:ndjson", "zoho-people")
    job.shape = .create
    job.output = .file(folder.path("out"))
    #expect(try folder.worklist(job).text == "harvest,currency,currency.code,Krona,,does not convert,1,1,,\n")
    try folder.write("field,value,use\ncurrency,Krona,Sweden Kronor - SEK\n", "V.csv")
    job.values = [folder.path("V.csv")]
    try job.run()
    #expect(try folder.text("out") == "clientName=A&currency=SEK\n")
  }

  @Test(arguments: [
    "\u{FEFF}field;value;in;use\r\nprimary_location.state;MA;PL;\"Lesser Poland\"\r\n", "\"field\"\t\"value\"\t\"in\"\t\"use\"\nprimary_location.state\tMA\tPL\t12\n",
    "use,in,value,field\r\n 12 ,PL,MA,primary_location.state\r\n,,,\r\n",
  ])
  func aListIsReadAsSpreadsheetsSaveIt(_ text: String) throws {
    // A row without a field is none of ours.
    let text = text.replacing(",,,\r\n", with: "")
    let folder = try Folder()
    var job = try folder.job(#"{"Nm":"A","State":"MA","Country":"POLAND"}"# + "\n", "bigtime:ndjson", "trackops:ndjson")
    job.output = .file(folder.path("out"))
    try folder.write(text, "V.csv")
    job.values = [folder.path("V.csv")]
    try job.run()
    #expect(try folder.text("out").contains(#""state":"12""#))
  }

  @Test func cellsThatASpreadsheetWouldRunAreMadeHarmlessAndComeBackAsTheyWere() throws {
    let folder = try Folder()
    var job = try folder.job(#"{"Nm":"A","Country":"=1+1"}"# + "\n" + #"{"Nm":"B","Country":"'x, \"y\""}"# + "\n", "bigtime:ndjson", "trackops:ndjson")
    job.output = .file(folder.path("out"))
    let list = try folder.worklist(job).text
    #expect(list.contains(#",'=1+1,,does not"#) && list.contains(#","''x, ""y""",,does not"#))
    try folder.write(try folder.text("W.csv").replacing(",\n", with: ",France\n"), "V.csv")
    job.values = [folder.path("V.csv")]
    #expect(try job.run().replaced == 2)
  }

  @Test(arguments: [
    ("value,use\n", "is not a worklist: its first line has no columns field, value and use"),
    ("field,value,use,usee\n", "line 1: a worklist has no column `usee`"),
    ("field,value,use\nprimary_location.sate,MA,PL\n", "line 2: bigtime and trackops have no field `primary_location.sate`"),
    ("system,field,value,use\ntrackop,name,MA,PL\n", "line 2: this conversion has no system `trackop`"),
    ("field,value,in,use\nprimary_location.state,MA,PL,Lesser Polan\n", "line 2: `Lesser Polan` does not convert for `primary_location.state` in PL either"),
    ("field,value,use\nprimary_location.state,MA,12\n", "line 2: `primary_location.state` is converted within a country, and the column `in` has none"),
    ("field,value,use\n\"primary_location.country\",\"a\nb\",\nprimary_location.country,X,Gremany\n", "line 4: `Gremany` does not convert for `primary_location.country` either"),
    ("field,value,why,use\nprimary_location.state,,missing,CO\n", "line 2: no text can stand in for `primary_location.state` here (missing)"),
    ("field,value,use\nprimary_location.country,X,FR\nprimary_location.country,X,DE\n", "line 3: `X` of `primary_location.country` has another `use` before"),
    ("field,value,use\nprimary_location.country,X\n", "line 2: a row has more or fewer cells than the header"),
  ])
  func whatIsWrongInAListIsSaidBeforeAnythingIsRead(_ text: String, _ said: String) throws {
    let folder = try Folder()
    var job = try folder.job("not even JSON", "bigtime:ndjson", "trackops:ndjson")
    try folder.write(text, "V.csv")
    job.values = [folder.path("V.csv")]
    let error = #expect(throws: Diagnostic.self) { try job.run(into: { _ in }) }
    #expect(error?.title.contains(said) == true, "\(error?.title ?? "nothing")")
    #expect(error?.code.name.hasPrefix("U") == true)
    #expect(error.map { $0.code != .valuesFile || $0.help != nil } == true)
  }

  @Test func theNearestAcceptedValuesAreNamedForAWrongOne() throws {
    let folder = try Folder()
    var job = try folder.job("", "bigtime:ndjson", "trackops:ndjson")
    try folder.write("field,value,use\nprimary_location.country,X,Gremany\n", "V.csv")
    job.values = [folder.path("V.csv")]
    let error = #expect(throws: Diagnostic.self) { try job.run(into: { _ in }) }
    #expect(error?.help == "accepted, the nearest first: `Germany`; `!Gremany` is written as it stands")
  }

  @Test func secretValuesAreNotListed() throws {
    let folder = try Folder()
    try folder.system("fields: { Customer: name, Key: { is: billing.method, as: { choice: { a: [A] } }, secret: true } }\n")
    var job = try folder.job(#"{"Customer":"x","Key":"hush"}"# + "\n" + #"{"Customer":"y","Key":"hushhush"}"# + "\n", "acme:ndjson", "canonical:ndjson")
    job.mappings = [folder.path("more")]
    #expect(try folder.worklist(job).text == "acme,Key,billing.method,,,secret,2,#0,\"leave `use` empty; correct the source\",\n")
  }

  @Test func beyondTenThousandDistinctValuesOnlyTheirNumberIsKept() throws {
    let notes = WorkNotes()
    for index in 0..<10_005 {
      notes.add([WorkItem(side: .target, field: "f", value: Array("\(index)".utf8), why: .fails)], record: index, id: [])
    }
    var list = Worklist()
    list.add(notes, firstRecord: 0)
    list.add(notes, firstRecord: 20_000)
    #expect(list.count == 10_000 && list.beyond == 10)
  }

  // MARK: - The budget

  static func parked(_ allowed: [String], _ input: String, _ from: ConvertJob.Endpoint = "trackops:ndjson") throws -> String {
    let folder = try Folder()
    var job = try folder.job(input + "\n", from, "zoho-people:ndjson")
    job.output = .file(folder.path("out"))
    job.allowParked = allowed
    do {
      _ = try job.run()
      return "done"
    } catch let error as Diagnostic {
      #expect(try folder.names() == ["in"])
      return "\(error.code.name) \(error.title)"
    }
  }

  static let homeless = [
    "account_code", "website", "has_invoice_reminders", "show_location_on_invoice", "salesperson", "case_manager", "created_at", "updated_at",
    "primary_location.name", "primary_location.email_invoice", "primary_location.phone_secondary", "primary_location.notes",
  ]

  @Test func aFieldWithoutAPlaceIsRefusedBeforeAnythingIsRead() throws {
    #expect(
      try Self.parked([], "not JSON")
        == "V0314 12 fields would be parked, which `--allow-parked` does not allow: `account_code`, `website`, `has_invoice_reminders`, `show_location_on_invoice`, `salesperson` and 7 more")
    #expect(try Self.parked(Array(Self.homeless.dropFirst()), "") == "V0314 `account_code` would be parked, which `--allow-parked` does not allow")
    #expect(try Self.parked(["acount_code"], "") == "U0004 `--allow-parked acount_code`: trackops has no such field")
  }

  @Test func aFieldThatIsParkedOnlySometimesIsRefusedWhenItHappens() throws {
    let all = Self.homeless
    #expect(try Self.parked(all, #"{"id":1,"name":"A","website":"w","notes":null,"account_code":""}"#) == "done")
    #expect(
      try Self.parked(all, #"{"id":1,"name":"A","primary_location":{"country":"Mordor"}}"#)
        == "V0314 values were parked that `--allow-parked` does not allow: `primary_location.country` 1")
    #expect(try Self.parked(all + ["primary_location.country"], #"{"id":1,"name":"A","primary_location":{"country":"Mordor"}}"#) == "done")
    #expect(
      try Self.parked(all, #"{"id":1,"name":"A","extra":{"a":1,"b":2}}"#)
        == "V0314 values were parked that `--allow-parked` does not allow: `extra` 2")
  }

  @Test func derivedAndEmptyValuesMayAlwaysBeParked() throws {
    // The address of the source repeats its details; nothing else of it has no place.
    let folder = try Folder()
    try folder.system("fields: { Customer: name, Shown: { is: displayName, derived: [Customer] }, Town: address.city }\n")
    var job = try folder.job(#"{"Customer":"x","Shown":"X","Town":""}"# + "\n", "acme:ndjson", "zoho-people:ndjson")
    job.mappings = [folder.path("more")]
    job.allowParked = []
    job.output = .file(folder.path("out"))
    let summary = try job.run()
    #expect((summary.parked[.derived], summary.parked[.empty]) == (1, 1))
  }

  // MARK: - Policies of a mapping (S13)

  static func fate(_ client: String, _ record: String, shape: Shape = .list, reads: Bool) throws -> String {
    let folder = try Folder()
    try folder.system(client)
    var job = try folder.job(record + "\n", reads ? "acme:ndjson" : "canonical:ndjson", reads ? "canonical:ndjson" : "acme:ndjson")
    job.mappings = [folder.path("more")]
    job.shape = shape
    job.output = .file(folder.path("out"))
    do {
      let summary = try job.attempt()
      if let failure = summary.failure { throw failure }
      let warned = summary.reported.map { "\($0.key.name) \($0.value)" }.sorted().joined(separator: " ")
      return "\(try folder.text("out").dropLast()) \(warned)"
    } catch let error as Diagnostic {
      return "\(error.code.name) \(error.title)"
    }
  }

  @Test(arguments: [
    ("park", #"{"name":"a","system":"acme","native":{"acme":{"B":"x"}}} V0302 1"#),
    ("keep", #"{"name":"a","billing":{"method":"x"},"system":"acme"} V0302 1"#), ("reject", "V0308 1 of 1 records was rejected; 0 may be"),
  ])
  func theFieldThatIsReadSaysWhatAFailingValueMeans(_ policy: String, _ result: String) throws {
    let client = "fields: { N: name, B: { is: billing.method, as: { choice: { a: [A] } }, onFail: \(policy) } }\n"
    #expect(try Self.fate(client, #"{"N":"a","B":"x"}"#, reads: true) == result)
  }

  @Test(arguments: [
    ("", Shape.list, #"{"N":"a"} V0302 1"#), ("", .create, "V0308 1 of 1 records was rejected; 0 may be"),
    (", onFail: reject", .list, "V0308 1 of 1 records was rejected; 0 may be"),
    (", onFail: park", .create, "V0308 1 of 1 records was rejected; 0 may be"), (", onFail: keep", .create, #"{"N":"a","C":"x"} V0302 1"#),
  ])
  func theFieldThatIsWrittenSaysWhatAFailingValueMeans(_ policy: String, _ shape: Shape, _ result: String) throws {
    let client = "fields: { N: name, C: { is: address.country, as: { country: code }, required: [create]\(policy) } }\n"
    #expect(try Self.fate(client, #"{"name":"a","address":{"country":"x"}}"#, shape: shape, reads: false) == result)
  }

  @Test func aMappingMayRejectRecordsWithUnknownFields() throws {
    let client = "fields: { N: name }\nunmapped: reject\n"
    #expect(try Self.fate(client, #"{"N":"a"}"#, reads: true) == #"{"name":"a","system":"acme"} "#)
    #expect(try Self.fate(client, #"{"N":"a","deep":{"er":1}}"#, reads: true) == "V0308 1 of 1 records was rejected; 0 may be")
  }
}

extension WorklistTests.Folder {
  /// An invented system, `acme`, in the folder `more`.
  func system(_ client: String) throws {
    let system = url.appending(path: "more/acme")
    try FileManager.default.createDirectory(at: system, withIntermediateDirectories: true)
    try "system: acme\nformats: [json]\nshapes: { list: { json: [$record] }, create: { json: $record } }\n".write(
      to: system.appending(path: "system.yaml"), atomically: true, encoding: .utf8)
    try "system: acme\n\(client)".write(to: system.appending(path: "client.yaml"), atomically: true, encoding: .utf8)
  }
}
