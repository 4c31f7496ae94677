namespace Smvl.Training;

/// <summary>
/// The learning rate of every optimizer step, as transformers' optimization.py (5.12.1) computes it, in double arithmetic: linear
/// warmup over W steps, then a course over the remaining T - W. Scheduler step s is the number of updates done before, so that with
/// W > 0 the first update runs at rate 0.
/// </summary>
internal sealed class LearningRateSchedule
{
    private readonly Func<int, double> _multiplier;

    private LearningRateSchedule(double peak, Func<int, double> multiplier)
    {
        Peak = peak;
        _multiplier = multiplier;
    }

    /// <summary>The configured learning rate, which a multiplier of 1 gives.</summary>
    public double Peak { get; }

    /// <summary>The share of <see cref="Peak"/> at scheduler step <paramref name="step"/>.</summary>
    /// <param name="step">updates done before, from 0</param>
    public double Multiplier(int step) => _multiplier(step);

    /// <summary>The rate used for the update that follows <paramref name="step"/> updates.</summary>
    /// <param name="step">updates done before, from 0</param>
    public double LearningRate(int step) => Peak * _multiplier(step);

    /// <param name="arguments">lr_scheduler_type, lr_scheduler_kwargs and learning_rate</param>
    /// <param name="warmupSteps">W, optimizer steps</param>
    /// <param name="maxSteps">T, optimizer steps</param>
    /// <exception cref="SmvlException">an option that the schedule does not have, lacks, or cannot use</exception>
    public static LearningRateSchedule Create(TrainingArguments arguments, int warmupSteps, int maxSteps)
    {
        int w = warmupSteps, t = maxSteps;
        double peak = arguments.LearningRate;
        var options = new ScheduleOptions(ConfigText.Of(TrainingKeys.LrSchedulerType.Plain(arguments.LrSchedulerType)), arguments.LrSchedulerKwargs, arguments.Origin(TrainingKeys.LrSchedulerKwargs));
        Func<int, double> course = arguments.LrSchedulerType switch
        {
            ScheduleType.Linear => Linear(w, t),
            ScheduleType.Cosine => Cosine(w, t, options.Number("num_cycles", 0.5), floor: 0),
            ScheduleType.CosineWithRestarts => CosineWithRestarts(w, t, options.Number("num_cycles", 1)),
            ScheduleType.Polynomial => Polynomial(w, t, peak, options.End(peak), options.Number("power", 1)),
            ScheduleType.Constant => _ => 1,
            ScheduleType.ConstantWithWarmup => _ => 1,
            ScheduleType.InverseSqrt => InverseSqrt(w, options.Integer("timescale", least: 1) ?? (w > 0 ? w : 10_000)),
            ScheduleType.CosineWithMinLr => Cosine(w, t, options.Number("num_cycles", 0.5), options.Floor(peak)),
            ScheduleType.CosineWarmupWithMinLr => CosineNeverZero(w, t, options.Number("num_cycles", 0.5), options.Floor(peak), options.OptionalNumber("warmup_lr_rate")),
            ScheduleType.WarmupStableDecay => StableDecay(w, t, options),
            _ => throw new InvalidOperationException($"no schedule {arguments.LrSchedulerType}"),
        };
        options.CheckAllUsed();

        bool warmsUpItself = arguments.LrSchedulerType is ScheduleType.Constant or ScheduleType.CosineWarmupWithMinLr or ScheduleType.WarmupStableDecay;
        return new LearningRateSchedule(peak, warmsUpItself ? course : step => step < w ? step / (double)w : course(step));
    }

    private static Func<int, double> Linear(int w, int t) => s => Math.Max(0, (t - s) / AtLeastOne(t - w));

    private static Func<int, double> Cosine(int w, int t, double cycles, double floor) =>
        s => Math.Max(0, Raised(Wave(cycles, (s - w) / AtLeastOne(t - w)), floor));

    private static Func<int, double> CosineWithRestarts(int w, int t, double cycles) => s =>
    {
        double progress = (s - w) / AtLeastOne(t - w);
        return progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (cycles * progress % 1))));
    };

    // at s = T = W transformers divides by zero; the end value is what both neighbouring cases approach
    private static Func<int, double> Polynomial(int w, int t, double peak, double end, double power) =>
        s => s > t || t == w ? end / peak : (((peak - end) * Math.Pow(1 - ((s - w) / (double)(t - w)), power)) + end) / peak;

    private static Func<int, double> InverseSqrt(int w, int timescale) => s => 1 / Math.Sqrt((s + (timescale - w)) / (double)timescale);

    // Warms up from 1/W, or from warmup_lr_rate, and decays one step ahead, so that no update runs at rate 0.
    private static Func<int, double> CosineNeverZero(int w, int t, double cycles, double floor, double? warmupRate) => s =>
        s >= w ? Math.Max(0, Raised(Wave(cycles, (s - w + 1) / AtLeastOne(t - w)), floor))
        : warmupRate is { } start ? start + ((1 - start) * s / Math.Max(1, w - 1))
        : (s + 1) / AtLeastOne(w);

    private static Func<int, double> StableDecay(int w, int t, ScheduleOptions options)
    {
        int decay = options.Required(options.Integer("num_decay_steps", least: 0), "num_decay_steps");
        int stable = options.Integer("num_stable_steps", least: 0) ?? t - w - decay;
        double floor = options.Number("min_lr_ratio", 0);
        double cycles = options.Number("num_cycles", 0.5);
        string rise = options.Word("warmup_type", "linear", "linear", "cosine", "1-sqrt");
        string fall = options.Word("decay_type", "cosine", "linear", "cosine", "1-sqrt");
        return s =>
        {
            if (s < w)
            {
                double progress = s / AtLeastOne(w);
                double rising = rise switch { "linear" => progress, "cosine" => 0.5 * (1 - Math.Cos(Math.PI * progress)), _ => 1 - Math.Sqrt(1 - progress) };
                return Math.Max(0, Raised(rising, floor));
            }

            if (s < w + stable)
            {
                return 1;
            }

            if (s < w + stable + decay)
            {
                double progress = (s - w - stable) / AtLeastOne(decay);
                double falling = fall switch { "linear" => 1 - progress, "cosine" => Wave(cycles, progress), _ => 1 - Math.Sqrt(progress) };
                return Math.Max(0, Raised(falling, floor));
            }

            return floor;
        };
    }

    // 1 at progress 0; with half a cycle 0 at progress 1
    private static double Wave(double cycles, double progress) => 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * progress));

    // 0..1 moved to floor..1
    private static double Raised(double factor, double floor) => (factor * (1 - floor)) + floor;

    private static double AtLeastOne(int steps) => Math.Max(1, steps);

    /// <summary>lr_scheduler_kwargs, read by name; what no schedule asked for is an error.</summary>
    private sealed class ScheduleOptions(string schedule, IReadOnlyDictionary<string, object> given, string where)
    {
        private readonly SortedSet<string> _asked = new(StringComparer.Ordinal);

        public double Number(string name, double otherwise) => OptionalNumber(name) ?? otherwise;

        public double? OptionalNumber(string name) => Find(name) switch
        {
            null => null,
            double number => number,
            object value => throw new SmvlException($"{name} has a value that cannot be used", where, "number", $"'{value}'"),
        };

        public int? Integer(string name, int least) => OptionalNumber(name) switch
        {
            null => null,
            { } number when number == Math.Floor(number) && number >= least && number <= int.MaxValue => (int)number,
            { } number => throw new SmvlException($"{name} has a value that cannot be used", where, $"integer >= {least}", FloatText.Of(number)),
        };

        public int Required(int? value, string name) =>
            value ?? throw new SmvlException($"the schedule {schedule} needs {name}", where, "an integer", "nothing");

        public string Word(string name, string otherwise, params string[] words)
        {
            object value = Find(name) ?? otherwise;
            return value is string word && words.Contains(word)
                ? word
                : throw new SmvlException($"{name} has a value that cannot be used", where, string.Join(" or ", words), $"'{value}'");
        }

        /// <summary>The lowest multiplier: min_lr_rate, or min_lr as a share of the peak; one of them.</summary>
        public double Floor(double peak) => (OptionalNumber("min_lr"), OptionalNumber("min_lr_rate")) switch
        {
            (null, { } rate) => rate,
            ({ } lowest, null) => lowest / peak,
            (null, null) => throw new SmvlException($"the schedule {schedule} needs a lowest rate", where, "min_lr or min_lr_rate", "neither"),
            _ => throw new SmvlException($"the schedule {schedule} takes one lowest rate", where, "min_lr or min_lr_rate", "both"),
        };

        /// <summary>The rate that the polynomial ends at, below the peak.</summary>
        public double End(double peak)
        {
            double end = Number("lr_end", 1e-7);
            return end < peak ? end : throw new SmvlException("the polynomial schedule must fall", where, $"lr_end < learning_rate {FloatText.Of(peak)}", FloatText.Of(end));
        }

        public void CheckAllUsed()
        {
            if (given.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
            {
                throw new SmvlException(
                    $"the schedule {schedule} has no option {unknown}", where, _asked.Count == 0 ? "no options" : string.Join(", ", _asked), unknown);
            }
        }

        private object? Find(string name)
        {
            _asked.Add(name);
            return given.GetValueOrDefault(name);
        }
    }
}
