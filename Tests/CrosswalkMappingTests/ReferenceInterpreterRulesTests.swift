import CrosswalkFormats
import CrosswalkModel
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// The rules of `Mappings/README.md`, each on a small system of its own.
@Suite struct ReferenceInterpreterRulesTests {
  // MARK: Transforms

  @Test(
    arguments: [
      ("not", "true", "false"), ("not", "\"false\"", "true"), ("not", "null", "null"), ("not", "\"\"", "\"\""),
      ("not", "\"no\"", nil), ("not", "1", nil), ("boolean", "1", "true"), ("boolean", "\"TRUE\"", "true"),
      ("boolean", "\"0\"", "false"), ("boolean", "false", "false"), ("boolean", "\"yes\"", nil), ("boolean", "2", nil),
      ("trim", "\" a b\\t\"", "\"a b\""), ("{ case: upper }", "\"usd\"", "\"usd\""),
      ("{ case: lower }", "\"aÄ\"", "\"aÄ\""),
      ("{ prefix: 'c:' }", "\"c:1\"", "\"1\""), ("{ prefix: 'c:' }", "\"1\"", "\"1\""),
      ("{ split: { at: ':', take: last } }", "\"a:b:c\"", "\"c\""),
      ("{ split: { at: ':', take: first } }", "\"a:b\"", "\"a\""),
      ("{ split: { at: ':', take: first } }", "\"ab\"", "\"ab\""), ("{ country: code }", "\"Spain\"", "\"Spain\""),
      ("{ oneLine: ', ' }", "\"a\\nb\"", "\"a\\nb\""), ("{ integer: { unset: 0 } }", "0", "0"),
      ("{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "\"2019-06-17 14:05:00\"", "\"2019-06-17T14:05:00Z\""),
      (
        "{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "\"2019-06-17T14:05:00.50+02:00\"",
        "\"2019-06-17T12:05:00.50Z\""
      ),
      ("{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "\"2019-06-17\"", "\"2019-06-17T00:00:00Z\""),
      ("{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "1560780300", "\"2019-06-17T14:05:00Z\""),
      ("{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "\"soon\"", "\"soon\""),
      ("{ instant: 'dd.MM.yyyy HH:mm', zone: '+02:00' }", "\"29.02.2020 01:30\"", "\"2020-02-28T23:30:00Z\""),
      ("{ instant: 'dd.MM.yyyy HH:mm', zone: UTC }", "\"29.02.2019 01:30\"", "\"29.02.2019 01:30\""),
      ("{ epoch: s }", "-1", "\"1969-12-31T23:59:59Z\""),
      ("{ epoch: ms }", "\"1488391422280\"", "\"2017-03-01T18:03:42.280Z\""),
      ("msDate", "\"/Date(1488391422280+0000)/\"", "\"2017-03-01T18:03:42.280Z\""), ("msDate", "\"x\"", "\"x\""),
    ] as [(String, String, String?)])
  func aTransformReads(transform: String, literal: String, expected: String?) throws {
    let system = try ReferenceMappings.invented(fields: "F: { is: a, as: \(transform) }")
    let canonical = try system.read(.object([.init("F", tree(literal))]), format: .json)
    #expect(canonical.values["a"] == (try expected.map(tree)))
    #expect(canonical.failed == (expected == nil ? ["a"] : []))
  }

  @Test(
    arguments: [
      ("not", "boolean", "true", "false"), ("not", "boolean", "\"x\"", nil), ("boolean", "boolean", "\"true\"", "true"),
      ("boolean", "boolean", "1", nil), ("{ country: code }", "text", "\"United  STATES \"", "\"US\""),
      ("{ country: code }", "text", "\"usa\"", "\"US\""), ("{ country: alpha3 }", "text", "\"DE\"", "\"DEU\""),
      ("{ country: name }", "text", "\"u.s.a.\"", "\"United States\""),
      ("{ country: NAME }", "text", "\"CI\"", "\"CÔTE D'IVOIRE\""),
      ("{ country: NAME }", "text", "\"UNITED STATES\"", "\"UNITED STATES\""),
      ("{ country: code }", "text", "\"England\"", nil),
      ("{ country: code }", "text", "840", nil), ("{ country: code }", "text", "\"\"", "\"\""),
      ("{ country: code }", "text", "null", "null"),
      ("{ oneLine: ', ' }", "text", "\"a\\r\\nb\\rc\\nd\"", "\"a, b, c, d\""),
      ("{ oneLine: ', ' }", "text", "7", "\"7\""),
      (
        "{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "text", "\"2019-06-17T16:05:00+02:00\"",
        "\"2019-06-17 14:05:00\""
      ),
      ("{ instant: 'yyyy-MM-dd HH:mm:ss', zone: UTC }", "text", "\"2019-06-17\"", "\"2019-06-17\""),
      ("{ epoch: ms }", "integer", "\"2017-03-01T18:03:42.28Z\"", "1488391422280"),
      ("msDate", "text", "\"2017-03-01T18:03:42Z\"", "\"/Date(1488391422000+0000)/\""),
      ("{ prefix: 'c:' }", "text", "\"1\"", "\"c:1\""), ("{ prefix: 'c:' }", "text", "\"c:1\"", "\"c:1\""),
      ("trim", "text", "\" a\"", "\" a\""),
      ("{ default: d }", "text", "\"\"", "\"d\""), ("{ constant: d }", "text", "\"x\"", "\"d\""),
    ] as [(String, String, String, String?)])
  func aTransformWrites(transform: String, type: String, value: String, expected: String?) throws {
    let system = try ReferenceMappings.invented(fields: "F: { is: a, as: \(transform), type: \(type) }")
    let record = try system.write(ReferenceCanonical(["a": tree(value)]), shape: .list, format: .json)
    #expect(record.tree["F"] == (try expected.map(tree)))
    #expect(record.failed.keys.sorted() == (expected == nil ? ["F"] : []))
  }

  @Test(
    arguments: [
      ("integer", "3.00E+07", "3.00E+07"), ("integer", "\"-7\"", "-7"), ("integer", "\"07\"", nil),
      ("integer", "\"+7\"", nil),
      ("integer", "true", nil), ("integer", "{}", nil), ("text", "1.50", "\"1.50\""), ("text", "true", "\"true\""),
      ("code", "1", "\"1\""), ("text", "[]", nil), ("boolean", "\"true\"", "true"), ("boolean", "\"True\"", nil),
      ("boolean", "1", nil), ("instant", "\"2019-06-17T14:05+00:00\"", "\"2019-06-17T14:05:00Z\""),
      ("instant", "\"2019-06-17T14:05:00\"", "\"2019-06-17T14:05:00\""), ("instant", "\"x\"", "\"x\""),
      ("integer", "null", "null"),
      ("boolean", "\"\"", "\"\""),
    ] as [(String, String, String?)])
  func aKindIsBroughtAboutOrRefused(type: String, value: String, expected: String?) throws {
    let system = try ReferenceMappings.invented(fields: "F: { is: a, type: \(type) }")
    let record = try system.write(ReferenceCanonical(["a": tree(value)]), shape: .list, format: .json)
    #expect(record.tree["F"] == (try expected.map(tree)))
    let untyped = try system.write(ReferenceCanonical(["a": tree(value)]), shape: .list, format: .csv)
    let isWritten = expected != nil && expected != "null"
    #expect((untyped.tree["F"] != nil) == isWritten)
    if let cell = untyped.tree["F"], case .text = cell {} else { #expect(!isWritten) }
  }

  @Test func regionsAreLookedUpInTheirCountry() throws {
    let system = try ReferenceMappings.invented(
      fields: "F: { is: a, as: { region: code, in: b } }\nG: { is: a, as: { region: name, in: b } }")
    func both(_ region: String, _ country: String?) throws -> [Tree?] {
      var values: [String: Tree] = ["a": .text(region)]
      if let country { values["b"] = .text(country) }
      let tree = try system.write(ReferenceCanonical(values), shape: .list, format: .json).tree
      return [tree["F"], tree["G"]]
    }
    #expect(try both("Florida", "USA") == [.text("FL"), .text("Florida")])
    #expect(try both("fl", "United States") == [.text("FL"), .text("Florida")])
    #expect(try both("WA", "AU") == [.text("WA"), .text("Western Australia")])
    #expect(try both("New South Wales", "AU") == [nil, .text("New South Wales")])
    #expect(try both("Florida", "CA") == [nil, nil])
    #expect(try both("Florida", nil) == [nil, nil])
  }

  @Test func aChoiceIsAWordAndItsSpellings() throws {
    func system(_ spelling: String) throws -> ReferenceSystem {
      try ReferenceMappings.invented(
        "formats: [json]\nshapes: { list: { json: [$record] } }\noptions: { s: { is: one, of: [one, two], why: x } }",
        fields: """
          F: { is: a, as: { choice: { per-hour: [PerHour, per hour], flat: [Flat] }, ignore: [case, blanks, hyphens], write: option.s } }
          G: { is: b, as: { choice: { "true": [ACTIVE], "false": [ARCHIVED] } } }
          """, options: ["s": spelling])
    }
    let one = try system("one")
    let canonical = try one.read(tree(#"{"F":"PER - hour","G":"ARCHIVED"}"#), format: .json)
    #expect(canonical.values == ["a": .text("per-hour"), "b": .bool(false)])
    func written(_ system: ReferenceSystem, _ value: Tree) throws -> Tree? {
      try system.write(ReferenceCanonical(["a": value]), shape: .list, format: .json).tree["F"]
    }
    #expect(try written(one, .text("per-hour")) == .text("PerHour"))
    #expect(try written(try system("two"), .text("per-hour")) == .text("per hour"))
    #expect(try written(try system("two"), .text("flat")) == .text("Flat"))
    #expect(try written(one, .text("PER HOUR")) == .text("PER HOUR"))
    #expect(try written(one, .text("daily")) == nil)
    #expect(
      try one.write(ReferenceCanonical(["b": .bool(true)]), shape: .list, format: .json).tree["G"] == .text("ACTIVE"))
    #expect(try one.read(tree(#"{"F":"daily"}"#), format: .json).failed == ["a"])
  }

  @Test func aLabelIsWrittenWhereItsCodeAgrees() throws {
    let system = try ReferenceMappings.invented(
      "formats: [json]\nshapes: { list: { json: [$record] } }\noptions: { names: { is: \"2016\", of: [\"2010\", \"2016\"], why: x } }",
      fields: "F: { is: { code: a, label: b }, as: { labelled: currencies, by: option.names } }")
    func read(_ literal: String) throws -> [String: Tree] {
      try system.read(tree("{\"F\":\(literal)}"), format: .json).values
    }
    #expect(try read("\"Euro - EUR\"") == ["a": .text("EUR"), "b": .text("Euro - EUR")])
    #expect(try read("\"USD\"") == ["a": .text("USD"), "b": .text("USD")])
    #expect(try read("\"Dollars\"") == ["b": .text("Dollars")])
    #expect(try read("null") == ["a": .null, "b": .null])
    func written(_ values: [String: Tree]) throws -> Tree? {
      try system.write(ReferenceCanonical(values), shape: .list, format: .json).tree["F"]
    }
    #expect(try written(["a": .text("EUR"), "b": .text("Euro - EUR")]) == .text("Euro - EUR"))
    #expect(try written(["a": .text("CAD"), "b": .text("Euro - EUR")]) == .text("Canadian Dollar - CAD"))
    #expect(try written(["b": .text("Dollars")]) == .text("Dollars"))
    #expect(try written(["a": .text("CAD"), "b": .text("")]) == .text("Canadian Dollar - CAD"))
    #expect(try written(["a": .text("XXQ")]) == nil)
    #expect(try written(["a": .null, "b": .null]) == .null)
  }

  @Test func aStreetStandsOnSeveralFields() throws {
    let system = try ReferenceMappings.invented(fields: "p.s1: { is: a, as: { lines: [s1, s2, s3] } }\np.city: b")
    func read(_ text: String) throws -> Tree? { try system.read(tree(text), format: .json).values["a"] }
    #expect(try read(#"{"p":{"s1":"x","s3":"z"}}"#) == .text("x\n\nz"))
    #expect(try read(#"{"p":{"s1":"x","s2":""}}"#) == .text("x"))
    #expect(try read(#"{"p":{"s2":"y"}}"#) == .text("\ny"))
    #expect(try read(#"{"p":{"s1":null,"s2":null}}"#) == .null)
    #expect(try read(#"{"p":{"city":"c"}}"#) == nil)
    func written(_ value: Tree) throws -> String {
      text(try system.write(ReferenceCanonical(["a": value, "b": .text("c")]), shape: .list, format: .json).tree)
    }
    #expect(try written(.text("x\r\ny\rz\nw\nv")) == #"{"p":{"s1":"x","s2":"y","s3":"z, w, v","city":"c"}}"#)
    #expect(try written(.text("x\n\nz")) == #"{"p":{"s1":"x","s2":"","s3":"z","city":"c"}}"#)
    #expect(try written(.null) == #"{"p":{"s1":null,"city":"c"}}"#)
    let csv = try system.write(ReferenceCanonical(["a": .text("x\ny,\"")]), shape: .list, format: .csv)
    #expect(
      bytes(try system.document(of: [csv.tree], shape: .list, format: .csv))
        == "p.s1,p.s2,p.s3,p.city\nx,\"y,\"\"\",,\n")
  }

  @Test func aComposedTextHasLinesOfWhatStands() throws {
    let system = try ReferenceMappings.invented(
      fields: "F: { is: c, or: { compose: [\"{a}, {b} {d}\", \"Fax: {e} (fax)\", \"{a}\"], rest: a } }",
      canonical: "a: {}\nb: {}\nc: {}\nd: {}\ne: {}")
    func written(_ values: [String: Tree]) throws -> Tree? {
      try system.write(ReferenceCanonical(values), shape: .list, format: .json).tree["F"]
    }
    #expect(try written(["a": .text("A"), "b": .text("B"), "d": .number("7")]) == .text("A, B 7\nA"))
    #expect(try written(["a": .text("A"), "d": .text("D")]) == .text("A, D\nA"))
    #expect(try written(["b": .text("B"), "d": .text("")]) == .text("B"))
    #expect(try written(["e": .text("E")]) == .text("Fax: E (fax)"))
    #expect(try written(["c": .text("own"), "e": .text("E")]) == .text("own"))
    #expect(try written(["a": .null, "c": .text("")]) == .text(""))
  }

  // MARK: Where a value comes from

  @Test func fallbacksDefaultsAndStatesComeInTheirOrder() throws {
    let system = try ReferenceMappings.invented(
      fields: "F: { is: a, or: [b, full], default: D, required: [create] }\nG: { is: a, default: E, in: [list] }",
      canonical: "a: {}\nb: {}\nfull: { derived: [b, c] }\nc: {}")
    func written(_ values: [String: Tree], _ shape: Shape = .list) throws -> String {
      text(try system.write(ReferenceCanonical(values), shape: shape, format: .json).tree)
    }
    #expect(try written(["a": .text("A"), "b": .text("B")]) == #"{"F":"A","G":"A"}"#)
    #expect(try written(["a": .text(""), "b": .text("B")]) == #"{"F":"B","G":""}"#)
    #expect(try written(["a": .null, "b": .text("")]) == #"{"F":null,"G":null}"#)
    #expect(try written(["full": .text("X")]) == #"{"F":"X","G":"E"}"#)
    #expect(try written(["full": .text("X"), "c": .text("C")]) == #"{"G":"E"}"#)
    #expect(try written([:], .create) == #"{"F":"D"}"#)
    #expect(throws: ReferenceReject(why: .missing, field: "F")) { try written(["a": .null], .create) }
    let filled = try system.write(
      ReferenceCanonical(["a": .null]), shape: .create, format: .json, set: ["a": .text("S")])
    #expect(filled.tree == .object([.init("F", .text("S"))]))
    #expect(filled.leaves.map(\.isSupplied) == [true])
  }

  @Test func whatFailedIsNeitherDefaultedNorFilled() throws {
    let source = try ReferenceMappings.invented(fields: "F: { is: a, as: boolean, type: boolean }")
    let canonical = try source.read(tree(#"{"F":"maybe"}"#), format: .json)
    let target = try ReferenceMappings.invented(
      fields: "G: { is: a, or: b, default: D }\nH: { is: b, type: integer, onFail: keep }")
    let record = try target.write(canonical, shape: .list, format: .json, set: ["a": .text("S"), "b": .text("x")])
    #expect(record.tree == .object([.init("H", .text("x"))]))
    let strict = try ReferenceMappings.invented(fields: "G: { is: a, type: integer, required: true, onFail: park }")
    #expect(throws: ReferenceReject(why: .failed, field: "G")) {
      try strict.write(ReferenceCanonical(["a": .text("x")]), shape: .create, format: .form)
    }
    let id = try ReferenceMappings.invented(fields: "G: { is: id, type: integer }", canonical: "id: {}")
    let parked = try id.write(ReferenceCanonical(["id": .text("x1")]), shape: .list, format: .json)
    #expect(parked.tree == .object([]) && parked.failed == ["G": ["id"]])
  }

  @Test func nullsAndEmptiesAreWrittenAsTheSystemOrTheFieldSays() throws {
    let shapes =
      "\nformats: [json, csv, form]\nshapes: { list: { json: [$record], csv: $record }, create: { form: $record } }"
    let keeps = try ReferenceMappings.invented(
      "write: { nulls: write, empties: write }" + shapes, fields: "A: a\nB: b\nC: { is: c, write: { nulls: omit } }")
    let omits = try ReferenceMappings.invented(
      "write: { nulls: omit, empties: omit }" + shapes, fields: "A: a\nB: b\nC: { is: c, write: { empties: write } }")
    let canonical = ReferenceCanonical(["a": .null, "b": .text(""), "c": .null])
    #expect(text(try keeps.write(canonical, shape: .list, format: .json).tree) == #"{"A":null,"B":""}"#)
    #expect(text(try omits.write(canonical, shape: .list, format: .json).tree) == "{}")
    #expect(
      text(try omits.write(ReferenceCanonical(["c": .text("")]), shape: .list, format: .json).tree) == #"{"C":""}"#)
    let row = try keeps.write(canonical, shape: .list, format: .csv).tree
    #expect(bytes(try keeps.document(of: [row], shape: .list, format: .csv)) == "A,B,C\n,\"\",\n")
    let line = try keeps.write(canonical, shape: .create, format: .form).tree
    #expect(bytes(try keeps.document(of: [line], shape: .create, format: .form)) == "B=\n")
  }

  // MARK: Paths and names

  @Test func anElementIsPickedByAMemberAndCreatedWithIt() throws {
    let system = try ReferenceMappings.invented(fields: "L[T=P].x: a\nL[T=Q].x: b\nM[1].y: c")
    let record = try tree(#"{"L":[{"T":"R","x":0},{"T":"P","x":1,"z":2},{"T":"P","x":3}],"M":[{"y":4},{"y":5,"k":6}]}"#)
    let canonical = try system.read(record, format: .json)
    #expect(canonical.values == ["a": .number("1"), "c": .number("5")])
    #expect(
      canonical.leaves.map { bytes($0.path) + "=" + text($0.value) } == [
        #"L[0]={"T":"R","x":0}"#, "L[1].T=\"P\"", "L[T=P].x=1", "L[1].z=2", #"L[2]={"T":"P","x":3}"#, #"M[0]={"y":4}"#,
        "M[1].y=5", "M[1].k=6",
      ])
    let written = try system.write(ReferenceCanonical(["a": .text("1"), "b": .text("2")]), shape: .list, format: .json)
    #expect(text(written.tree) == #"{"L":[{"T":"P","x":"1"},{"T":"Q","x":"2"}]}"#)
  }

  @Test func aNameIsReadInAnyCaseAndUnderItsOtherNames() throws {
    let system = try ReferenceMappings.invented(
      "keys: anyCase\nformats: [json]\nshapes: { list: { json: [$record] } }",
      fields: "Code: { is: a, read: [short] }\nNm: b")
    let canonical = try system.read(tree(#"{"code":1,"CODE":2,"Short":3,"NM":4,"Nm":5}"#), format: .json)
    #expect(canonical.values == ["a": .number("1"), "b": .number("5")])
    #expect(
      canonical.leaves.filter { $0.field == nil }.map { bytes($0.path) } == ["CODE", "Short", "NM"])
    #expect(try system.read(tree(#"{"SHORT":3}"#), format: .json).values == ["a": .number("3")])
  }

  @Test func aFormatHasItsOwnNames() throws {
    let system = try ReferenceMappings.invented(
      """
      formats: [xml, json]
      names: { json: { "-": "_", read: ["-"] } }
      xml: { type: "@type", nil: "@nil", types: { integer: integer } }
      shapes: { list: { xml: { rs: { "@k": list, r: [$record] } }, json: [{ r: $record }] } }
      """,
      fields:
        "key-no: { is: a, type: integer, xml: \"@key\" }\nsub-part.full-nm: { is: b, read: [nm-x] }\nn-o: { is: c, type: integer }"
    )
    #expect(
      try system.read(tree(#"{"key_no":1,"sub-part":{"full-nm":"x"}}"#), format: .json).values == [
        "a": .number("1"), "b": .text("x"),
      ])
    #expect(try system.read(tree(#"{"sub_part":{"nm_x":"x"}}"#), format: .json).values == ["b": .text("x")])
    let canonical = ReferenceCanonical(["a": .text("7"), "b": .text("x\n<&>\"\r"), "c": .null])
    let json = try system.write(canonical, shape: .list, format: .json).tree
    #expect(
      bytes(try system.document(of: [json, json], shape: .list, format: .json)) == """
        [
        {"r":{"key_no":7,"sub_part":{"full_nm":"x\\n<&>\\"\\r"},"n_o":null}},
        {"r":{"key_no":7,"sub_part":{"full_nm":"x\\n<&>\\"\\r"},"n_o":null}}
        ]

        """)
    let xml = try system.write(canonical, shape: .list, format: .xml).tree
    let file = try system.document(of: [xml], shape: .list, format: .xml)
    #expect(
      bytes(file) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <rs k="list">
        <r key="7"><sub-part><full-nm>x
        &lt;&amp;&gt;"&#13;</full-nm></sub-part><n-o type="integer" nil="true"/></r>
        </rs>

        """)
    let records = try system.documents(in: file, format: .xml).records
    #expect(
      try records.map { try system.read($0.get(), format: .xml).values } == [
        ["a": .text("7"), "b": .text("x\n<&>\"\r"), "c": .null]
      ])
    #expect(bytes(try system.document(of: [], shape: .list, format: .json)) == "[]\n")
    #expect(bytes(try system.document(of: [], shape: .list, format: .xml)).hasSuffix("<rs k=\"list\"/>\n"))
    #expect(bytes(try system.document(of: [json], shape: .list, format: .ndjson)).hasPrefix(#"{"r":{"key_no":7"#))
  }

  @Test func attributesAndRepeatedElementsOfXML() throws {
    let system = try ReferenceMappings.invented(
      "formats: [xml]\nxml: { nil: \"@nil\" }\nshapes: { list: { xml: { rs: { r: [$record] } } } }",
      fields: "A: a\nP[T=x].B: b\nN: c")
    let file = #"<rs><r><A lang="en">1</A><P><T>x</T><B>2</B></P><N nil="true"></N><U><V/><V k="1">t</V></U></r></rs>"#
    let record = try #require(try system.documents(in: Array(file.utf8), format: .xml).records.first).get()
    let canonical = try system.read(record, format: .xml)
    #expect(canonical.values == ["a": .text("1"), "b": .text("2"), "c": .null])
    #expect(
      canonical.leaves.filter { $0.field == nil }.map { bytes($0.path) + "=" + text($0.value) }
        == [#"A.@lang="en""#, ##"U={"V":["",{"@k":"1","#text":"t"}]}"##])
    let twice = try system.documents(in: Array("<rs><r><A>1</A><A>2</A></r></rs>".utf8), format: .xml).records[0].get()
    #expect(throws: ReferenceReject(why: .repeatedElement, field: "A")) { try system.read(twice, format: .xml) }
  }

  @Test func aRepeatedNameRefusesItsRecord() throws {
    let system = try ReferenceMappings.invented(fields: "A: a")
    #expect(throws: ReferenceReject(why: .duplicateName, field: "x")) {
      try system.read(tree(#"{"A":1,"u":{"x":1,"x":2}}"#), format: .json)
    }
  }

  // MARK: Documents

  @Test func theHeaderOfATableMayStandBelowTitles() throws {
    let system = try ReferenceMappings.invented(
      "formats: [csv]\ncsv: { headerHas: [Customer, Phone], delimiter: ';' }\nshapes: { list: { csv: $record } }",
      fields: "Customer: a\nPhone: b\n\"Phone#2\": c")
    let file = "All customers\n\nCustomer;Phone;Phone;Rest\nx;1;2;\"\"\ny;;3\n\"z\";\"\";;w\n"
    let input = try system.documents(in: Array(file.utf8), format: .csv)
    #expect(input.records.count == 3)
    #expect(
      try system.read(input.records[0].get(), format: .csv).values == [
        "a": .text("x"), "b": .text("1"), "c": .text("2"),
      ])
    #expect(throws: ReferenceReject(why: .malformed(.raggedRow), field: "")) { try input.records[1].get() }
    #expect(try system.read(input.records[2].get(), format: .csv).values == ["a": .text("z"), "b": .text("")])
  }

  @Test func repliesAreToldFromRecords() throws {
    let system = try ReferenceMappings.invented(
      """
      formats: [json]
      shapes: { list: { json: { reply: { items: [$record], state: 0 } }, read: { json: [ { "*": [$record] } ] } } }
      replies:
        success: { reply.state: ["0"] }
        done: [ { reply: { items: [ { no: $id } ], state: 0 } } ]
        none: { code: ["404"] }
        more: { page: reply.page, pages: reply.pages }
        error: [ { reply: { fault: { code: $code, text: $message } } }, { oops: $message } ]
      """, fields: "no: a\nnm: b")
    func read(_ text: String) throws -> ReferenceInput { try system.documents(in: Array(text.utf8), format: .json) }
    #expect(try read(#"{"reply":{"items":[{"no":1,"nm":"x"}],"state":"0","page":1,"pages":2}}"#).hasMore)
    #expect(try read(#"{"reply":{"items":[{"no":1,"nm":"x"}],"state":0}}"#).records.count == 1)
    #expect(try read(#"{"reply":{"items":[],"state":0}}"#).records.isEmpty)
    #expect(try read(#"{"reply":{"items":[{"no":1}],"state":0,"uri":"x"}}"#).acknowledgements == ["1"])
    #expect(try read(#"{"reply":{"fault":{"code":404,"text":"none"},"state":1}}"#).records.isEmpty)
    #expect(throws: ReferenceError.reply(code: "5", message: "bad")) {
      try read(#"{"reply":{"fault":{"code":5,"text":"bad"}}}"#)
    }
    #expect(throws: ReferenceError.reply(code: nil, message: "bad")) { try read(#"{"oops":"bad"}"#) }
    #expect(throws: ReferenceError.reply(code: "1", message: nil)) {
      try read(#"{"reply":{"items":[{"no":1,"nm":2}],"state":1}}"#)
    }
    #expect(try read(#"{"any":[{"nm":1}],"n":2}{"any":[{"no":1}]}"#).records.count == 2)
    #expect(throws: ReferenceError.unrecognised) { try read(#"{"any":[{"x":1}]}"#) }
    #expect(throws: ReferenceError.format(.truncated, 0)) { try read("") }
    let lines = try system.documents(
      in: Array("{\"nm\":1}\r\n\n{\"nm\":\n{\"reply\":{\"items\":[{\"nm\":3}],\"state\":0}}\n[]\n".utf8),
      format: .ndjson)
    #expect(lines.records.count == 4)
    #expect(throws: ReferenceReject(why: .malformed(.truncated), field: "")) { try lines.records[1].get() }
  }

  // MARK: Ids

  @Test func anUpdateNeedsTheTargetsOwnIds() throws {
    let source = try ReferenceMappings.invented(fields: "no: { is: id }", canonical: "id: {}")
    var target = try ReferenceMappings.invented(
      "formats: [json]\nshapes: { update: { json: $record } }",
      fields: "key: { is: id, required: [update], type: integer }", canonical: "id: {}")
    target.name = "other"
    let bytes = Array(#"[{"no":"1"},{"no":"2"}]"#.utf8)
    #expect(throws: ReferenceError.noIds) {
      try ReferenceConversion(from: source, to: target, shape: .update).convert(bytes, .json, to: .json)
    }
    let way = ReferenceConversion(from: source, to: target, shape: .update, ids: [Array("1".utf8): Array("71".utf8)])
    let output = try way.convert(bytes, .json, to: .json)
    #expect(self.bytes(output.bytes) == "{\"key\":71}\n")
    #expect(output.rejects.map(\.reject) == [ReferenceReject(why: .noId, field: "id")])
  }

  // MARK: The house

  /// It must not learn from the compiled plan what it is to check.
  @Test func theInterpreterImportsNothingOfThePlan() throws {
    let folder = Repository.root.appending(path: "Sources/CrosswalkReference")
    let allowed: Set = ["CrosswalkModel", "CrosswalkYAML", "CrosswalkFormats"]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
      let source = String(decoding: try Repository.bytes(folder.appending(path: name)), as: UTF8.self)
      for line in source.split(separator: "\n")
      where line.contains("import ") && !line.hasPrefix(" ") && !line.hasPrefix("/") {
        #expect(allowed.contains(String(line.split(separator: " ").last ?? "")), "\(name): \(line)")
      }
    }
  }

  // MARK: Helpers

  func tree(_ text: String) throws -> Tree { try JSONReference.parse(Array(text.utf8)) }
  func text(_ tree: Tree) -> String { bytes(TreeWriter.json(tree)) }
  func bytes(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
