import CrosswalkModel
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("acem", "acme"), ("acm", "acme"), ("ACME", "acme"), ("globx", "globex"), ("initeck", "initech"), ("glo", "globex"),
  ])
  func aMistypedNameFindsTheNearest(word: String, expected: String) {
    #expect(nearestName(to: word, among: ["acme", "globex", "initech"]) == expected)
  }

  @Test(arguments: ["umbrella", "", "x", "zzzz"])
  func whatIsNearNothingFindsNothing(word: String) {
    #expect(nearestName(to: word, among: ["acme", "globex", "initech"]) == nil)
  }

  @Test func neighboursThatChangedPlacesCountOnce() {
    #expect(nearestName(to: "currnecy.code", among: ["currency.code", "currency.label"]) == "currency.code")
  }

  @Test func theHelpIsAQuestionOrNothing() {
    #expect(nearestNameHelp("acem", among: ["acme"]) == "did you mean `acme`?")
    #expect(nearestNameHelp("umbrella", among: ["acme"]) == nil)
  }
}
