using System.Runtime.CompilerServices;
using Microsoft.Net.Http.Headers;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>Sends a shared file, or a part of it.</summary>
/// <param name="content">The open file. The result disposes it.</param>
internal sealed class SharedFileResult(FileStream content, string tag, DateTimeOffset modified) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using ConfiguredAsyncDisposable disposal = content.ConfigureAwait(false);
        IResult file = Results.Stream(content, "application/octet-stream", lastModified: modified, entityTag: new EntityTagHeaderValue(tag), enableRangeProcessing: true);
        await httpContext.RequestServices.GetRequiredService<FileTransfers>().RunAsync(httpContext, () => file.ExecuteAsync(httpContext)).ConfigureAwait(false);
    }
}
