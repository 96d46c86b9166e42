// swift-tools-version: 6.2
import PackageDescription

// CI sets SHARDIFY_STRICT=1: a warning is an error there, and not in a user's first build.
let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (Context.environment["SHARDIFY_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : [])

/// A Swift library target of this package: its sources, its README kept out of the build.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "shardify",
  products: [
    .executable(name: "shardify", targets: ["ShardifyCommand"]),
    .executable(name: "train-from-manifest", targets: ["TrainFromManifest"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C libraries, each behind one opaque shim: no library header is visible to Swift.
    .target(name: "CZstd", linkerSettings: [.linkedLibrary("zstd")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
    .target(
      name: "CICU", linkerSettings: [.linkedLibrary("icui18n"), .linkedLibrary("icuuc")]),
    .target(name: "CSIMD"),
    .target(name: "CSystem"),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),

    module("ShardifyCore", ["CCrypto", "CSystem"]),
    module("Files", ["ShardifyCore"]),
    module("Compression", ["ShardifyCore", "CZstd", "CZlib"]),
    module("Ingest", ["ShardifyCore", "Files", "Compression", "CSIMD"]),
    module("Detect", ["ShardifyCore", "Files", "CICU", "CSIMD", "CLanguageModel"]),
    .target(name: "CLanguageModel", exclude: ["README.md"]),
    module("Tokenize", ["ShardifyCore", "Files", "CSIMD"]),
    module("TokenizerTraining", ["ShardifyCore", "Tokenize"]),
    module("Balance", ["ShardifyCore"]),
    module("Shards", ["ShardifyCore", "Files", "Compression"]),
    module("Manifest", ["ShardifyCore", "Files", grdb]),
    module("Load", ["ShardifyCore", "Files", "Compression", "Shards"]),
    module("Dataset", ["ShardifyCore", "Files", "Manifest", "Load"]),
    module(
      "Shardify",
      [
        "ShardifyCore", "Files", "Compression", "Ingest", "Detect", "Tokenize", "Balance",
        "TokenizerTraining", "Shards", "Manifest", "Load", "Dataset", logging, yams,
      ]),
    module(
      "Train",
      ["ShardifyCore", "Files", "Load", "Shards", "Manifest", "COpenBLAS", "CMPI"]),
    module("Terminal", ["ShardifyCore", logging]),
    .executableTarget(
      name: "ShardifyCommand",
      dependencies: [
        "ShardifyCore", "Terminal", "Shardify", "Tokenize", "Detect", "Balance", "Ingest", "Files",
        "TokenizerTraining",
        "Shards",
        "Manifest", "Load", "Dataset", argumentParser,
      ],
      exclude: ["README.md"],
      swiftSettings: strict),
    .executableTarget(
      name: "TrainFromManifest",
      dependencies: [
        "ShardifyCore", "Terminal", "Train", "Load", "Dataset", "Manifest", "Files",
        argumentParser,
      ],
      exclude: ["README.md"],
      swiftSettings: strict),
    .executableTarget(
      name: "TokenizeBenchmark",
      dependencies: ["ShardifyCore", "Files", "Ingest", "Terminal", "Tokenize", argumentParser],
      exclude: ["README.md"],
      swiftSettings: strict),

    tests("ShardifyCoreTests", ["ShardifyCore"]),
    tests("FilesTests", ["Files", "ShardifyCore"]),
    tests("CompressionTests", ["Compression", "ShardifyCore"]),
    tests("IngestTests", ["Ingest", "ShardifyCore", "Files", "Compression"]),
    tests("DetectTests", ["Detect", "ShardifyCore", "Files", "CSIMD"]),
    tests("TokenizeTests", ["Tokenize", "ShardifyCore", "Files", "Compression", "CSIMD"]),
    tests("TokenizerTrainingTests", ["TokenizerTraining", "Tokenize", "ShardifyCore"]),
    tests("BalanceTests", ["Balance", "ShardifyCore"]),
    tests("ShardsTests", ["Shards", "ShardifyCore", "Files", "Compression"]),
    tests("ManifestTests", ["Manifest", "ShardifyCore", "Files", grdb]),
    tests("LoadTests", ["Load", "ShardifyCore", "Files", "Compression", "Shards", "Balance"]),
    tests("DatasetTests", ["Dataset", "Load", "Manifest", "ShardifyCore", "Files"]),
    tests(
      "ShardifyTests",
      [
        "Shardify", "ShardifyCore", "Files", "Compression", "Ingest", "Detect", "Tokenize",
        "TokenizerTraining", "Balance", "Shards", "Manifest", "Load", logging,
      ]),
    tests("TrainTests", ["Train", "Load", "Shards", "Manifest", "ShardifyCore", "Files"]),
    tests(
      "CommandTests", ["ShardifyCommand", "TrainFromManifest", "ShardifyCore", "Files"]),
  ]
)
