using Microsoft.Extensions.Hosting;

namespace RkLlama.Engine.Models.Store;

/// <summary>
/// Prepares the models directory in the background when the server starts: deletes what interrupted copies and deletions have left, and reads all Modelfiles,
/// so that the first list is as fast as the later ones.
/// </summary>
internal sealed class CatalogStartup(ModelStore store, ModelCatalog catalog) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(
        () =>
        {
            store.Sweep();
            try
            {
                catalog.Describe();
            }
            catch (ModelException)
            {
                // The models directory cannot be read. Requests report this.
            }
        },
        stoppingToken);
}
