using RkLlama.Engine.Scheduling;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Support;

/// <summary>KV caches whose contents the test sets.</summary>
internal sealed class FakeCaches : IKvCaches
{
    internal HashSet<string> Resident { get; } = [];

    /// <summary>Number of cached tokens of prompts, by their text.</summary>
    internal Dictionary<string, int> Cached { get; } = [];

    /// <summary>Returns the cost of replacing the cache, by the text of the prompt. Zero for others.</summary>
    internal Dictionary<string, TimeSpan> Costs { get; } = [];

    /// <summary>The models that load or restart.</summary>
    internal HashSet<string> Waiting { get; } = [];

    /// <summary>The models that can be loaded without an eviction.</summary>
    internal HashSet<string> WithRoom { get; } = [];

    internal static QueuedRequest Ask(string text, string model = "m", bool isBackground = false) =>
        new(model) { Prompt = RunInput.FromText(text), IsBackground = isBackground };

    public event Action? Changed
    {
        add { }
        remove { }
    }

    public bool CanStart(QueuedRequest request) => !Waiting.Contains(request.Model);

    public bool MustEvict(QueuedRequest request) => !WithRoom.Contains(request.Model);

    public void ReadDemands(IEnumerable<QueuedRequest> waiting)
    {
    }

    public bool IsResident(string model) => Resident.Contains(model);

    public int CountCached(QueuedRequest request) => Cached.GetValueOrDefault(request.Prompt?.Text ?? "");

    public TimeSpan CostOfReplacing(QueuedRequest request) => Costs.GetValueOrDefault(request.Prompt?.Text ?? "");
}
