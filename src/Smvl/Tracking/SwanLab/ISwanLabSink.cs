namespace Smvl.Tracking.SwanLab;

/// <summary>One of the places where a SwanLab run is written: a record file, the watch folder, the cloud.</summary>
internal interface ISwanLabSink : IDisposable
{
    /// <summary>What a warning calls it.</summary>
    string Name { get; }

    void Start(SwanLabRun run);

    /// <summary>Once a key, before its values.</summary>
    void Add(SwanLabColumn column);

    void Add(SwanLabScalar scalar);

    void Add(SwanLabMedia media);

    void Add(SwanLabLine line);

    void Flush();

    void Finish(SwanLabEnd end);
}
