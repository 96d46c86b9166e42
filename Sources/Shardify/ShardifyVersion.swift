/// The version of this program.
public enum ShardifyVersion {
  /// Major, minor, patch.
  public static let text = "0.1.0"
}
