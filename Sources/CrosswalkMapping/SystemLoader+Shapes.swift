import CrosswalkModel
import CrosswalkYAML

/// `shapes` and `replies`.
extension SystemLoader {
  mutating func readShapes(_ node: YAMLNode) {
    for entry in entries(of: node, "`shapes`") ?? [] {
      guard let shape = shape(entry.key), let forms = entries(of: entry.value, "the shape `\(shape)`") else { continue }
      var rules = System.ShapeRules(shape: shape, write: [], read: [])
      for form in forms {
        if form.key.text == "read" {
          for further in entries(of: form.value, "`read`") ?? [] {
            guard let format = format(further.key) else { continue }
            guard let items = further.value.items else {
              report(wrongKind(further.value, "`read`", wanted: "a list of templates"))
              continue
            }
            for item in items {
              rules.read.append((format, shapeTemplate(item, shape: shape, format: format, isWritten: false)))
            }
          }
        } else if let format = format(form.key) {
          rules.write.append((format, shapeTemplate(form.value, shape: shape, format: format, isWritten: true)))
        }
      }
      system.shapes.append(rules)
    }
  }

  private mutating func shapeTemplate(_ node: YAMLNode, shape: Shape, format: Format, isWritten: Bool) -> Template {
    var reading = TemplateReading(binds: ["$record"])
    let template = reading.template(node)
    problems += reading.problems
    guard reading.problems.isEmpty else { return template }

    let records = template.recordCount
    if records > 1 || (records == 0 && isWritten) {
      report(recordsInTemplate(records, at: node.place))
    } else if isWritten, template.hasAnyName {
      report(anyNameWritten(at: node.place))
    } else if format == .csv || format == .form {
      if template != .record { report(envelopeInFlatFormat(format, at: node.place)) }
    } else if format == .xml, !isXMLDocument(template) {
      report(noXMLRoot(at: node.place))
    } else if shape == .list, isWritten, template.recordPath?.isRepeated != true {
      report(listWithoutList(format, at: node.place))
    }
    return template
  }

  private static let replyBinds = ["$code", "$message", "$id"]

  mutating func readReplies(_ node: YAMLNode) {
    let keys = ["success", "done", "none", "error", "more"]
    for entry in entries(of: node, "`replies`") ?? [] {
      let value = entry.value
      switch entry.key.text ?? "" {
      case "success":
        for condition in entries(of: value, "`success`") ?? [] {
          guard let path = path(condition.key), let values = texts(condition.value, "what `success` accepts") else {
            continue
          }
          system.replies.success.append((path, values))
        }
      case "done": system.replies.done = replyTemplates(value, "`done`")
      case "error": system.replies.error = replyTemplates(value, "`error`")
      case "none":
        guard let codes = entries(of: value, "`none`") else { continue }
        for code in codes {
          if code.key.text != "code" {
            report(unknownKey(code.key, in: "`none`", accepted: ["code"]))
          } else if let values = texts(code.value, "`code`") {
            system.replies.none = ("code", values)
          }
        }
      case "more":
        guard value.entries != nil else {
          system.replies.more = path(value)
          continue
        }
        for part in entries(of: value, "`more`") ?? [] {
          switch part.key.text ?? "" {
          case "page": system.replies.more = path(part.value)
          case "pages": system.replies.pages = path(part.value)
          default: report(unknownKey(part.key, in: "`more`", accepted: ["page", "pages"]))
          }
        }
        for key in ["page", "pages"] where value[key] == nil { report(missingKey(key, in: "`more`", at: value.place)) }
      default: report(unknownKey(entry.key, in: "`replies`", accepted: keys))
      }
    }
  }

  private mutating func replyTemplates(_ node: YAMLNode, _ what: String) -> [Template] {
    guard let items = node.items else {
      report(wrongKind(node, what, wanted: "a list of templates"))
      return []
    }
    return items.map { item in
      var reading = TemplateReading(binds: Self.replyBinds)
      let template = reading.template(item)
      problems += reading.problems
      return template
    }
  }

  /// A text that is a path.
  mutating func path(_ node: YAMLNode) -> [PathStep]? {
    guard let text = text(node, "a path") else { return nil }
    if let steps = PathStep.parse(text) { return steps }
    report(badPath(text, at: node.place))
    return nil
  }
}

/// One root element, with attributes that are texts.
private func isXMLDocument(_ template: Template) -> Bool {
  guard case .object(let members) = template, members.count == 1 else { return false }
  return !members[0].name.hasPrefix("@")
}

// MARK: Messages

func badPath(_ text: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badPath, "`\(text)` is not a path", labels: [.init(place)],
    help:
      "paths look like `a.b`, `a[2]`, `a[Tag=FIRST].b`, `@name`, `#text`; "
      + "an odd name stands in double quotes: `'\"a.b\".c'`"
  )
}

private func recordsInTemplate(_ count: Int, at place: Place) -> Diagnostic {
  Diagnostic(
    .badTemplate, count == 0 ? "the template has no `$record`" : "the template has `$record` \(count) times",
    labels: [.init(place)], help: "write `$record` once, where the record stands")
}

private func anyNameWritten(at place: Place) -> Diagnostic {
  Diagnostic(
    .badTemplate, "a name `*` cannot be written", labels: [.init(place)],
    help: "give the name that is written; `*` belongs under `read`")
}

private func envelopeInFlatFormat(_ format: Format, at place: Place) -> Diagnostic {
  Diagnostic(.badTemplate, "`\(format)` has no envelope", labels: [.init(place)], help: "write `\(format): $record`")
}

private func noXMLRoot(at place: Place) -> Diagnostic {
  Diagnostic(
    .badTemplate, "an XML document has one root element, and this template has not", labels: [.init(place)],
    help: "write `{ root: … }`")
}

private func listWithoutList(_ format: Format, at place: Place) -> Diagnostic {
  Diagnostic(
    .badTemplate, "the shape `list` needs a list around the record", labels: [.init(place)],
    help: format == .xml ? "write `{ root: { name: [$record] } }`" : "write `[$record]`, in its envelope if it has one")
}
