import COpenBLAS

/// The one place that calls OpenBLAS and the row kernels.
enum Blas {
  /// Whether a factor is used as it lies or transposed.
  enum Form { case plain, transposed }

  /// The library's own threads. The trainer shares out samples to threads and sets this to one.
  static func setThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

  /// c = scale * a b + keep * c, row-major.
  ///
  /// - Parameters:
  ///   - rows: Rows of c. - columns: Columns of c. - inner: The dimension summed over.
  ///   - strideA: Elements between the rows of a as it lies in memory; likewise b and c.
  static func multiply(
    _ a: UnsafePointer<Float>, _ formA: Form = .plain, strideA: Int,
    _ b: UnsafePointer<Float>, _ formB: Form = .plain, strideB: Int,
    into c: UnsafeMutablePointer<Float>, strideC: Int,
    rows: Int, columns: Int, inner: Int, scale: Float = 1, keep: Float = 0
  ) {
    cblas_sgemm(
      CblasRowMajor, formA == .plain ? CblasNoTrans : CblasTrans,
      formB == .plain ? CblasNoTrans : CblasTrans, Int32(rows), Int32(columns), Int32(inner),
      scale, a, Int32(strideA), b, Int32(strideB), keep, c, Int32(strideC))
  }

  /// y += (transposed a) x, where a has `rows` rows and `columns` columns.
  static func addTransposed(
    _ a: UnsafePointer<Float>, rows: Int, columns: Int, times x: UnsafePointer<Float>,
    to y: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemv(
      CblasRowMajor, CblasTrans, Int32(rows), Int32(columns), 1, a, Int32(columns), x, 1, 1, y, 1)
  }

  /// y += factor * x
  static func add(
    _ x: UnsafePointer<Float>, times factor: Float = 1, to y: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    for i in 0..<count { y[i] += factor * x[i] }
  }

  /// Sum of x[i] * y[i], in a fixed order.
  static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Double {
    shardify_dot(x, y, count)
  }

  /// The largest element.
  static func highest(_ x: UnsafePointer<Float>, count: Int) -> Float { shardify_max(x, count) }

  /// Replaces each x by exp(x - shift); their sum.
  static func exponentials(
    _ x: UnsafeMutablePointer<Float>, count: Int, shift: Float
  ) -> Double { shardify_exp_sum(x, count, shift) }

  /// out = up * gate * sigmoid(gate)
  static func gated(
    _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, count: Int
  ) { shardify_swiglu(out, gate, up, count) }

  /// Replaces gate and up by their gradients, given that of `gated`'s result.
  static func gatedGradient(
    _ gradient: UnsafePointer<Float>, _ gate: UnsafeMutablePointer<Float>,
    _ up: UnsafeMutablePointer<Float>, count: Int
  ) { shardify_swiglu_back(gate, up, gradient, count) }

  /// One AdamW update; see `AdamW` for the parameters.
  static func adamW(
    _ weights: UnsafeMutablePointer<Float>, _ first: UnsafeMutablePointer<Float>,
    _ second: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, count: Int,
    gradientScale: Float, rate: Float, beta1: Float, beta2: Float, correct1: Float,
    correct2: Float, epsilon: Float, decay: Float
  ) {
    shardify_adamw(
      weights, first, second, gradient, count, gradientScale, rate, beta1, beta2, correct1,
      correct2, epsilon, decay)
  }
}
