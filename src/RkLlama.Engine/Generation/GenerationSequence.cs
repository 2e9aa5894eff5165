using System.Runtime.CompilerServices;
using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The generations of one request that has several prompts. They run one after the other, so that the request has only one place in the queue at a time. Used
/// by one task.
/// </summary>
internal sealed class GenerationSequence : IGenerationEvents
{
    private readonly GenerationService _service;
    private readonly IReadOnlyList<GenerationRequest> _requests;

    // The generation that is read, and whether it is disposed.
    private GenerationStream _current;
    private bool _isDisposed;

    private GenerationSequence(GenerationService service, IReadOnlyList<GenerationRequest> requests, GenerationStream first) =>
        (_service, _requests, _current, Model) = (service, requests, first, first.Model);

    internal ModelInstance Model { get; }

    /// <summary>As if all prompts were as long as the first one, because the others are built later.</summary>
    public int PromptTokens => (int)Math.Min((long)_current.PromptTokens * _requests.Count, int.MaxValue);

    /// <summary>Starts the first generation.</summary>
    /// <param name="requests">At least one request.</param>
    /// <inheritdoc cref="GenerationService.StartAsync" path="/exception"/>
    internal static async Task<GenerationSequence> StartAsync(
        GenerationService service, IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken) =>
        new(service, requests, await service.StartAsync(requests[0], cancellationToken).ConfigureAwait(false));

    /// <summary>Returns the events of all generations. The last event of each generation has its summary. May be called once.</summary>
    /// <inheritdoc cref="GenerationService.StartAsync" path="/exception"/>
    public async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int index = 0; index < _requests.Count; index++)
        {
            if (index > 0)
                await StartNextAsync(_requests[index], cancellationToken).ConfigureAwait(false);
            await foreach (GenerationEvent item in _current.ReadAsync(cancellationToken).ConfigureAwait(false))
                yield return item;
        }
    }

    /// <summary>Cancels the current generation if it has not ended.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
            _current.Dispose();
        _isDisposed = true;
    }

    private async Task StartNextAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        Dispose();
        _current = await _service.StartAsync(request, cancellationToken).ConfigureAwait(false);
        _isDisposed = false;
    }
}
