package import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// The transforms, alphabetical: the only registry. To add one: a file beside this one with its spec and class, and a line here.
/// Those that take or give several values (`block`, `compose`, `join`, `labelled`, `lines`) are steps of the plan; their specs stand with them.
package enum TransformTable {
  package static let specs: [TransformSpec] = [
    BlockStep.spec, BooleanTransform.spec, CaseTransform.spec, ChoiceTransform.spec, ComposeStep.spec, ConstantTransform.spec,
    CountryTransform.spec, CurrencyTransform.spec, DefaultTransform.spec, EpochTransform.spec, InstantTransform.spec, IntegerTransform.spec,
    JoinStep.spec, LabelledStep.spec, LinesStep.spec, MSDateTransform.spec, NotTransform.spec, OneLineTransform.spec,
    PrefixTransform.spec, RegionTransform.spec, SplitTransform.spec, TrimTransform.spec,
  ]

  package static let names = specs.map(\.name)

  /// A transform of one value; nil for the names that are steps of their own.
  package static func make(_ context: TransformContext) -> Transform? {
    switch context.use.name {
    case "boolean": BooleanTransform()
    case "case": CaseTransform(context)
    case "choice": ChoiceTransform(context)
    case "constant": ConstantTransform(context)
    case "country": CountryTransform(context)
    case "currency": CurrencyTransform(context)
    case "default": DefaultTransform(context)
    case "epoch": EpochTransform(context)
    case "instant": InstantTransform(context)
    case "integer": IntegerTransform()
    case "msDate": MSDateTransform()
    case "not": NotTransform()
    case "oneLine": OneLineTransform(context)
    case "prefix": PrefixTransform(context)
    case "region": RegionTransform(context)
    case "split": SplitTransform(context)
    case "trim": TrimTransform()
    default: nil
    }
  }
}

extension System {
  /// The tables that its transforms look up.
  package var tableNames: [String] {
    fields.flatMap(\.transforms).flatMap { use -> [String] in
      switch use.name {
      case "country": ["countries"]
      case "currency": ["currencies"]
      case "region": ["countries", "regions"]
      case "block": ["addresswords", "countries", "postcodes", "regions"]
      case "labelled": use.argument?.text.map { [$0] } ?? []
      default: []
      }
    }
  }
}
