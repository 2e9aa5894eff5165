namespace RkLlama.Server.Monitoring;

/// <summary>One point of the charts of a node. A value that is not known is null.</summary>
/// <param name="Time">When the sample was taken, in UTC.</param>
/// <param name="LoadPercent">Load of each NPU core, 0 to 100.</param>
/// <param name="NpuHertz">Clock of the NPU.</param>
/// <param name="DdrHertz">Clock of the memory.</param>
/// <param name="NpuCelsius">Temperature of the NPU.</param>
/// <param name="MaxCelsius">The highest temperature of all zones.</param>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
/// <param name="DecodeTokensPerSecond">Tokens that were generated since the last sample, per second.</param>
/// <param name="TimeToFirstTokenMs">Time to first token of the last request whose first token came since the last sample.</param>
/// <param name="Running">1 if a request has the NPU, else 0.</param>
/// <param name="Waiting">Number of requests that wait for the NPU.</param>
internal sealed record NodeSample(
    DateTimeOffset Time,
    IReadOnlyList<int>? LoadPercent,
    long? NpuHertz,
    long? DdrHertz,
    double? NpuCelsius,
    double? MaxCelsius,
    long? AvailableBytes,
    double DecodeTokensPerSecond,
    double? TimeToFirstTokenMs,
    int Running,
    int Waiting);
