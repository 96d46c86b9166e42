// swift-tools-version: 6.2
// Trains and measures the default language model. A package of its own: the product does not need
// it. Its modules are those of the product, by link, so that features cannot drift apart.
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

let package = Package(
  name: "language-model-trainer",
  targets: [
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
    .target(
      name: "CICU", linkerSettings: [.linkedLibrary("icui18n"), .linkedLibrary("icuuc")]),
    .target(name: "CSIMD"),
    .target(name: "CSystem"),
    .target(name: "CLanguageModel", exclude: ["README.md"]),
    module("ShardifyCore", ["CCrypto", "CSystem"]),
    module("Files", ["ShardifyCore"]),
    module("Detect", ["ShardifyCore", "Files", "CICU", "CSIMD", "CLanguageModel"]),
    .executableTarget(
      name: "TrainLanguageModel",
      dependencies: ["CLanguageModel", "Detect", "ShardifyCore", "Files"],
      swiftSettings: strict),
    .executableTarget(
      name: "CalibrateLanguageModel", dependencies: ["Detect", "ShardifyCore", "Files"],
      swiftSettings: strict),
    .executableTarget(
      name: "EvaluateLanguageModel", dependencies: ["Detect", "ShardifyCore", "Files"],
      swiftSettings: strict),
  ]
)
