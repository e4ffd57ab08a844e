package import CrosswalkModel

/// A system's API as its `system.yaml` describes it under `api:`, with every `option.NAME` resolved: what is called how, how a call
/// is signed in, what comes back, and what is refused with which words.
///
/// Both sides read it: what plays the system and what calls it. Keys are explained in `Mappings/README.md`.
package struct API: Sendable {
  /// The vendor's own address; settings stand in it as `$name`.
  package var base = ""
  package var options: [System.Option] = []
  package var ignoresPathCase = false
  package var format = FormatRule()
  /// Parameters are taken from the query, and with `body` from a form as well.
  package var takesForms = false
  package var settings: [Setting] = []
  /// Any one of them signs a call in; none: calls are not signed in.
  package var signIn: [SignIn] = []
  package var operations: [Operation] = []
  package var record = RecordRules()
  package var pacing: Pacing?
  package var refusals = Refusals()
  /// What `$uri` stands for; `$path` is the operation's.
  package var uri: String?

  package struct Setting: Sendable {
    package var name: String
    package var why: String
    package var isSecret: Bool
  }

  /// Which headers choose between the formats.
  package struct FormatRule: Sendable {
    /// Names of headers, the first that names a format decides.
    package var by: [String] = []
    /// All of them have to name one.
    package var needsAll = false
    package var first: Format = .json
    /// `User-Agent`s that get the first format whatever they ask for, and the type it is labelled with.
    package var agents: (like: [String], type: String)?
  }

  package struct SignIn: Sendable {
    package var kind: Kind
    /// How long what the session call gave is good for.
    package var sessionHours: Int?

    package enum Kind: Sendable {
      case basic(user: String, password: String)
      case headers([(name: String, value: String)])
      case query([(name: String, value: String)])
    }
  }

  package enum Kind: String, Sendable, CaseIterable {
    case session, list, count, detail, create, update, toggle, delete, pickList, parts, part, limits
  }

  package struct Call: Sendable, Equatable {
    package var method: String
    /// Of the path, between slashes; `$id` and `$part` stand for one each.
    package var path: [String]
  }

  package struct Operation: Sendable {
    package var kind: Kind
    /// The first is the one to use.
    package var calls: [Call] = []
    /// Query parameters that tell this operation from another on the same path.
    package var when: [(name: String, value: String)] = []
    /// The parameter that holds the id, where the path does not.
    package var idParameter: String?
    /// How many ids may stand there, with commas between them.
    package var ids = 1
    package var filters: [Filter] = []
    package var view: View?
    /// Parameter → field that is shown only where it is true.
    package var shows: [(parameter: String, field: String)] = []
    package var paging: Paging?
    /// The member, or the field, that records are sorted by; nil: by their age.
    package var sort: String?
    package var body: Body?
    /// What is turned over.
    package var field: String?
    /// Of the record, what stands apart.
    package var of: String?
    package var reply = Reply()
    package var refusals = Refusals()
  }

  package struct Filter: Sendable {
    package var parameter: String
    package var field: String
    package var test: Test

    package enum Test: String, Sendable, CaseIterable {
      case equals, contains, from, after, to
      /// Records with a true value there are left out unless the parameter is true.
      case shows
    }
  }

  /// `View=Detailed`: the fields of a shape, without some.
  package struct View: Sendable {
    package var parameter: String
    package var choices: [(word: String, fields: Shape, without: [String])]
    package var first: String
  }

  package struct Paging: Sendable {
    /// A page's number, or with `isOffset` a record's.
    package var at: String
    package var isOffset: Bool
    package var size: String
    package var first: Int
    /// Default and largest size.
    package var most: Int
    /// Member of the reply that is true while there is more.
    package var more: [PathStep]?
    /// Further parameters that are taken and change nothing.
    package var also: [String] = []
  }

  package enum Body: Sendable {
    /// A record in one of the system's shapes.
    case record(Shape)
    /// Members by name, and what they have to be.
    case members([(name: String, value: String, isOptional: Bool)])
  }

  package struct Reply: Sendable {
    package var status = 200
    package var headers: [(name: String, value: String)] = []
    /// The document that holds the record or the records.
    package var shape: Shape?
    /// Another envelope than the shape's, by format.
    package var envelopes: [(format: Format, template: Template)] = []
    /// Documents of their own, by format, with `$names` in their texts; the first is for all formats that have none.
    package var bodies: [(format: Format?, body: Tree)] = []
    /// A list of such members, one a record.
    package var item: Tree?
    /// Instead of a document without records.
    package var empty: [(format: Format, body: Tree)] = []
    /// A list without records is the refusal `none`.
    package var refusesNone = false
    /// Fields, or objects of them, that are left out.
    package var without: [String] = []
    /// What `$message` stands for.
    package var message: String?
  }

  package struct RecordRules: Sendable {
    package enum Alike: String, Sendable, CaseIterable {
      /// Upper and lower case.
      case `case`
      /// Blanks at the ends, and how many there are between two words.
      case blanks
    }

    package enum ValueRule: Sendable, Equatable {
      /// So many characters.
      case characters(Int)
      /// So many capital letters of ASCII and nothing else: a code.
      case capitals(Int)
      /// A text, ` - `, and such a code.
      case labelled(Int)
    }

    package enum Kept: Sendable {
      /// Counted from here.
      case number(String)
      case created, updated
      /// Counts the writes.
      case version
    }
    package var kept: [(field: String, kept: Kept)] = []
    /// Lines of a derived text; one whose values are all missing is left out.
    package var compose: [(field: String, lines: [String])] = []
    package var defaults: [(field: String, value: Tree)] = []
    /// Beside those that the fields say.
    package var unique: [String] = []
    /// What makes no difference between two values of a unique field.
    package var alike: Set<Alike> = [.case]
    /// What a value has to be to be taken, beyond the field's type.
    package var values: [(field: String, rule: ValueRule)] = []
    /// Fields that an update which leaves them out puts back to their default.
    package var resets: [String] = []
    package var refusesUnknown = false
    /// An update may not empty a field that a create requires.
    package var refusesEmptied = false
    /// A field that the shape does not have is refused, not passed over.
    package var refusesUnwritable = false
  }

  /// Whether a field is one of these, or stands in an object or a list of them.
  package static func isField(_ field: String, of names: [String]) -> Bool {
    names.contains { field == $0 || field.hasPrefix("\($0).") || field.hasPrefix("\($0)[") }
  }

  /// So many calls in so many seconds.
  package struct Pacing: Sendable {
    package var calls: Int
    package var seconds: Int
    /// Seconds that nothing is answered for once there were too many; nil: until the window has passed.
    package var locks: Int?
    /// A call that is refused starts the wait anew.
    package var prolongs = false
  }

  package enum Refusal: String, Sendable, CaseIterable {
    case unauthorized, forbidden, notFound, noPath, noMethod, format, malformed, missing, wrong, unknown, exists, inUse, none, throttled
  }

  package struct Refusals: Sendable {
    package struct Rule: Sendable {
      package var status: Int?
      package var code: Tree?
      package var message: String?
      package var headers: [(name: String, value: String)] = []
    }
    package var bodies: [(format: Format?, body: Tree)] = []
    package var rules: [Refusal: Rule] = [:]

    package init() {}
  }
}
