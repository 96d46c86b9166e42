import Glibc

/// Linear warm-up, then half a cosine down to a fraction of the peak.
///
/// Source: Loshchilov and Hutter 2017, section 3 (arXiv:1608.03983), without restarts.
public struct LearningRateSchedule: Hashable, Sendable {
  /// The highest rate, reached after the warm-up.
  public var peak: Double
  /// Steps of warm-up.
  public var warmupSteps: Int
  /// The step at which the rate has come down to the floor.
  public var totalSteps: Int
  /// The last rate, as a fraction of the peak.
  public var floorFraction: Double

  /// Joins the parts; see the properties.
  public init(peak: Double, warmupSteps: Int, totalSteps: Int, floorFraction: Double = 0.1) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.floorFraction = floorFraction
  }

  /// The rate of a step, from 0.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    let span = Double(max(1, totalSteps - warmupSteps))
    let done = min(1, Double(step - warmupSteps) / span)
    let cosine = 0.5 * (1 + cos(Double.pi * done))
    return peak * (floorFraction + (1 - floorFraction) * cosine)
  }
}
