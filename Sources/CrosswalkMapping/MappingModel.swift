package import CrosswalkModel
package import CrosswalkYAML

/// A system: what `system.yaml` and `client.yaml` of one folder say, checked.
package struct System: Sendable {
  package var name: String
  package var title: String
  /// In the file's order; the first is the default output. `ndjson` is added behind `json` (it comes free).
  package var formats: [Format]
  /// Field names are matched in any case.
  package var ignoresCase = false
  package var names: [NameRule] = []
  package var writesNulls = true
  package var writesEmpties = true
  package var xml = XMLRules()
  package var csv = CSVRules()
  /// `form: { request: [name…] }`: parameters of a request that are none of its record.
  package var requestParameters: [String] = []
  package var options: [Option] = []
  package var shapes: [ShapeRules] = []
  package var replies = Replies()
  package var assumed: [Note] = []
  /// `api:` as it stands: read by what talks to live systems or plays them.
  package var api: YAMLNode?
  package var entity = "client"
  package var fields: [Field] = []
  package var unmapped: Unmapped = .park
  /// `system.yaml` and `client.yaml`.
  package var files: [String] = []

  package enum Unmapped: String, Sendable { case park, reject }

  package struct Note: Sendable {
    package var subject: String
    package var reason: String
  }

  /// `names: { json: { "-": "_", read: ["-"] } }`: in that format each `from` in a field's name is written `to`; the
  /// spellings in `read` are accepted as well.
  package struct NameRule: Sendable {
    package var format: Format
    package var from: String
    package var to: String
    package var alsoRead: [String]
    /// XML: the namespace of the document's elements.
    package var namespace: String?
  }

  package struct XMLRules: Sendable {
    /// Names without the `@`.
    package var typeAttribute: String?
    package var nilAttribute: String?
    /// Field type → text of the type attribute.
    package var types: [ValueType: String] = [:]
  }

  package struct CSVRules: Sendable {
    /// The header is the first row that has these columns.
    package var headerHas: [String] = []
    package var delimiter: String?
  }

  package struct Option: Sendable {
    package var name: String
    package var value: String
    package var choices: [String]
    package var why: String
    package var place: Place
  }

  /// One shape: what is written and read in each format.
  package struct ShapeRules: Sendable {
    package var shape: Shape
    package var write: [(format: Format, template: Template)]
    /// Further accepted forms, after the written one.
    package var read: [(format: Format, template: Template)]
  }

  package struct Replies: Sendable {
    /// Path → accepted literals: every one must hold in a reply that holds records.
    package var success: [(path: [PathStep], values: [String])] = []
    package var done: [Template] = []
    package var none: (name: String, values: [String])?
    package var error: [Template] = []
    /// The path of "more pages follow": a truthy value, or (with `pages`) a page below the number of pages.
    package var more: [PathStep]?
    package var pages: [PathStep]?
  }
}

package enum ValueType: String, Sendable, CaseIterable { case text, lines, code, choice, integer, boolean, instant }

/// One field of a system: the place in the record and what it means.
package struct Field: Sendable {
  package var path: [PathStep]
  /// The path as the mapping file spells it: the field's name in messages, reports, CSV columns.
  package var name: String
  package var place: Place
  package var meaning: Meaning
  package var fallbacks: [Fallback] = []
  package var transforms: [TransformUse] = []
  package var type: ValueType = .text
  package var shapes: Set<Shape> = Set(Shape.allCases)
  package var required: Set<Shape> = []
  package var defaultValue: Default?
  /// Field names of the same system that this one repeats; not written in create and update.
  package var derivedFrom: [String] = []
  /// Other names for it accepted on reading.
  package var readNames: [String] = []
  /// A different name or kind on write in a shape.
  package var writeNames: [Shape: String] = [:]
  package var writeTypes: [Shape: ValueType] = [:]
  /// The name in one format, when it is not the path's (`xml: "@SystemId"`).
  package var formatNames: [Format: String] = [:]
  package var onFail: OnFail?
  package var writesNulls: Bool?
  package var writesEmpties: Bool?
  package var isUnique = false
  package var isSecret = false
  package var assumed: String?
  /// Not written back on purpose, and why.
  package var oneWay: String?
  /// How an edit of the value is told from what a vendor rewrites by itself.
  package var comparison: Comparison = .exact
  /// A line for people.
  package var title: String?

  package enum Meaning: Sendable {
    /// `is: none`: no canonical place.
    case none
    /// `is: address.city`.
    case canonical(String)
    /// `is: { code: currency.code, label: currency.label }`: parts for the transform.
    case parts([(part: String, canonical: String)])
  }

  package enum Fallback: Sendable {
    case canonical(String)
    /// `compose: [line…], rest: field`.
    case compose(lines: [String], rest: String?)
  }

  /// `text`: blanks at the ends do not count. `lines`: line ends do not. `case`: upper and lower case do not.
  package enum Comparison: String, Sendable, CaseIterable {
    case exact, text, lines
    case ignoringCase = "case"
  }

  package enum OnFail: String, Sendable { case reject, park, keep }

  package struct Default: Sendable {
    package var value: Tree
    /// Shapes it is supplied in: those that require the field, or all when none does.
    package var shapes: Set<Shape>
  }
}

/// `as: { region: code, in: address.country }`: a transform's name, its main argument and the others.
package struct TransformUse: Sendable {
  package var name: String
  package var argument: YAMLNode?
  package var parameters: [(name: String, value: YAMLNode)]
  package var place: Place
}

extension TransformUse {
  /// All spellings that a choice has; none: any is taken.
  package var spellings: [String] { (argument?.entries ?? []).flatMap { ($0.value.items ?? [$0.value]).compactMap(\.text) } }

  /// A spelling without what `ignore:` of a choice passes over.
  package func plain(_ spelling: String) -> String {
    var ignored: [String] = []
    for parameter in parameters where parameter.name == "ignore" {
      ignored = (parameter.value.items ?? [parameter.value]).compactMap(\.text)
    }
    var text = spelling
    if ignored.contains("case") { text = text.lowercased() }
    if ignored.contains("blanks") { text.removeAll { $0 == " " } }
    if ignored.contains("hyphens") { text.removeAll { $0 == "-" } }
    return text
  }
}

extension Field {
  /// The parts of `block`, whatever an option says of it.
  package var blockParts: [(part: String, canonical: String)] {
    guard let use = transforms.first(where: { $0.name == "block" }) else { return [] }
    return (use.argument?.entries ?? []).compactMap { entry in
      guard let part = entry.key.text, let name = entry.value.text else { return nil }
      return (part, name)
    }
  }

  /// The parts that the text is read into; none where the option that `by` names leaves it whole.
  ///
  /// - option: the value of an option of the system.
  package func splitParts(_ option: (String) -> String?) -> [(part: String, canonical: String)] {
    guard let use = transforms.first(where: { $0.name == "block" }) else { return [] }
    if let name = use.parameters.first(where: { $0.name == "by" })?.value.text?.split(separator: ".").last,
      option(String(name)) != "split"
    {
      return []
    }
    return blockParts
  }
}
