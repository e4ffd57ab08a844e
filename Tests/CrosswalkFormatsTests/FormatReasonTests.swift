import CrosswalkFormats
import CrosswalkModel
import Testing

@Suite struct FormatReasonTests {
  @Test func everyReasonHasItsCodeItsPageAndItsCure() {
    #expect(FormatReason.texts.map(\.reason) == FormatReason.allCases)
    for reason in FormatReason.allCases {
      let page = Code.pages.first { $0.code == reason.text.code }
      #expect(page?.title == reason.text.title, "\(reason) has no page")
      #expect(page?.page.hasSuffix(".") == true, "\(reason)")
      #expect(!reason.text.help.isEmpty && !reason.text.help.hasSuffix("."), "\(reason)")
    }
    #expect(Set(FormatReason.texts.map(\.code)).count == FormatReason.texts.count)
  }

  @Test func everyLimitNamesTheOptionThatRaisesIt() {
    #expect(FormatReason.tooDeep.text.help.contains("--max-depth"))
    #expect(FormatReason.fieldTooLong.text.help.contains("--max-field"))
    #expect(FormatReason.recordTooLong.text.help.contains("--max-record"))
  }

  @Test func aReasonBecomesADiagnostic() {
    #expect(
      FormatReason.strayQuote.diagnostic
        == Diagnostic(
          .strayQuote, "text behind a closing quote", help: "a quote inside quotes is doubled: `\"say \"\"hi\"\"\"`"))
  }
}
