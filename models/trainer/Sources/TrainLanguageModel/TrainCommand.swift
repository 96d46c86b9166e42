import Files
import Glibc
import ShardifyCore

/// `TrainLanguageModel DATA OUT [name=value...]`: reads DATA/xxx_Scrp.txt, writes OUT/model.bin.
enum TrainCommand {
  static func run(_ arguments: [String]) -> Int32 {
    guard arguments.count >= 2 else {
      print("usage: TrainLanguageModel DATA OUT [name=value ...]; see models/train.sh")
      return 64
    }
    var options = TrainOptions()
    for argument in arguments.dropFirst(2) {
      guard options.set(argument) else {
        print("unknown option \(argument)")
        return 64
      }
    }
    do {
      let texts = try LabelledText.read(folder: arguments[0])
      var kept = try TextCleaner(options: options).cleaned(texts)
      try CloseLabels.thin(&kept, path: options.close)
      try LabelledText.mark(&kept, common: options.common)
      let trainer = Trainer(kept, options: options)
      trainer.train()
      let model = ModelQuantizer(trainer).write(name: options.name)
      try OutputFile.write(model, to: arguments[1] + "/model.bin")
      print("wrote \(model.count) bytes")
      return 0
    } catch {
      print("failed: \(error)")
      return 1
    }
  }
}

/// Settings of a training run.
struct TrainOptions {
  var name = "shardify-lid-1"
  var rows = 240_000
  var order = 4
  var words = true
  var epochs = 5
  /// Bytes of text a label gives each epoch, at most.
  var cap = 250_000
  /// Labels with less than `cap` give cap * (have / cap)^alpha, by repeating lines.
  var alpha = 0.6
  /// A label's sources share its bytes by this power of theirs; 1 takes them as they are.
  var sourceAlpha = 1.0
  var rate: Float = 0.15
  var outputRate: Float = 0.15
  var featureCap = 300
  /// The `cap` of the model that cleans the text; 0 leaves the text as it is.
  var cleanCap = 0
  /// A file of labels known to hold other languages, and which; empty for none.
  var suspects = ""
  /// A file of close labels, see `CloseLabels`; empty for none.
  var close = ""
  /// A file of common labels, one a line; empty for none.
  var common = ""
  /// What a common label weighs in the choice of features.
  var commonWorth: Float = 1
  /// What the cap of a common label is multiplied by.
  var commonCap = 1.0
  /// Of eight lines, how many are cut to 12 to `longestCrop` characters.
  var crops: UInt64 = 4
  var longestCrop: UInt64 = 100
  /// What a label without text of a line's source weighs as a wrong answer, see `SourceRivals`.
  var blame: Float = 1
  /// The share of features left out at each step.
  var dropout: Float = 0
  var seed: UInt64 = 11

  mutating func set(_ argument: String) -> Bool {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { return false }
    let value = String(parts[1])
    switch parts[0] {
    case "name": name = value
    case "rows": rows = Int(value) ?? rows
    case "order": order = Int(value) ?? order
    case "words": words = value == "1"
    case "epochs": epochs = Int(value) ?? epochs
    case "cap": cap = Int(value) ?? cap
    case "alpha": alpha = Double(value) ?? alpha
    case "sourceAlpha": sourceAlpha = Double(value) ?? sourceAlpha
    case "rate": rate = Float(value) ?? rate
    case "outputRate": outputRate = Float(value) ?? outputRate
    case "featureCap": featureCap = Int(value) ?? featureCap
    case "dropout": dropout = Float(value) ?? dropout
    case "cleanCap": cleanCap = Int(value) ?? cleanCap
    case "suspects": suspects = value
    case "close": close = value
    case "common": common = value
    case "commonWorth": commonWorth = Float(value) ?? commonWorth
    case "commonCap": commonCap = Double(value) ?? commonCap
    case "crops": crops = UInt64(value) ?? crops
    case "longestCrop": longestCrop = UInt64(value) ?? longestCrop
    case "blame": blame = Float(value) ?? blame
    case "seed": seed = UInt64(value) ?? seed
    default: return false
    }
    return true
  }
}

/// Writes a whole file.
enum OutputFile {
  struct Failure: Error { let path: String }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw Failure(path: path) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw Failure(path: path) }
  }
}
