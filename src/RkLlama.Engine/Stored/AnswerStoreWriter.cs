using Microsoft.Extensions.Hosting;

namespace RkLlama.Engine.Stored;

/// <summary>Runs the task that writes stored answers to the disk.</summary>
internal sealed class AnswerStoreWriter(AnswerStore store) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => store.RunAsync(stoppingToken), CancellationToken.None);
}
