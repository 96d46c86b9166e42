import Files
import Glibc
import ShardifyCore

@testable import Detect

/// `CalibrateLanguageModel MODEL OUT COMMON TEXTS...`: writes MODEL to OUT with temperatures, priors, slopes
/// and thresholds that fit TEXTS, `label TAB source TAB text` lines that it was not trained on. COMMON
/// names labels a line, whose texts weigh more (`CalibrationTexts`).
enum CalibrateCommand {
  static func run(_ arguments: [String]) -> Int32 {
    guard arguments.count >= 4 else {
      print("usage: CalibrateLanguageModel MODEL OUT COMMON TEXTS...")
      return 64
    }
    do {
      let file = try MappedFile(path: arguments[0])
      defer { withExtendedLifetime(file) {} }
      var model = CalibratedFile(Array(file.bytes))
      model.reset()
      let common = try MappedFile(path: arguments[2])
      defer { withExtendedLifetime(common) {} }
      let labels = common.bytes.split(separator: 10).compactMap { LanguageTag(bytes: Array($0)) }
      var texts = try CalibrationTexts(model.bytes, common: Set(labels))
      for path in arguments.dropFirst(3) {
        let file = try MappedFile(path: path)
        withExtendedLifetime(file) { texts.read(file.bytes) }
      }
      texts.balance()
      var fit = CalibrationFit(texts)
      fit.run()
      model.write(fit)
      print("temperatures \(fit.temperatures)")
      guard let out = fopen(arguments[1], "wb") else { return 1 }
      let written = fwrite(model.bytes, 1, model.bytes.count, out)
      return fclose(out) == 0 && written == model.bytes.count ? 0 : 1
    } catch {
      print("failed: \(error)")
      return 1
    }
  }
}
