using System.Runtime.CompilerServices;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Hub.Pull;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>The endpoints <c>POST /api/pull</c>, which downloads a model that the node does not have, and <c>DELETE /api/pull</c>, which stops a download.</summary>
internal static class OllamaPullEndpoint
{
    internal static async Task<IResult> Pull(HttpContext context, RequestReader reader, PullService pulls, PromptBuilderFactory prompts, NodeKeys keys)
    {
        OllamaPullBody body = OllamaRequest.Read<OllamaPullBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        string model = OllamaRequest.ModelOf(body);
        PullOrigin? origin = PullOrigin.Read(context, model, body.From, body.FromKey, body.Modelfile, keys);
        await GivenModelfile.CheckAsync(origin, prompts, context.RequestAborted).ConfigureAwait(false);
        PullAnswer answer = pulls.Start(model, body.ModelName is { Length: > 0 } name ? name : null, origin);
        return Answer(context, body.Stream ?? true, cancellationToken => StatusesAsync(answer, cancellationToken));
    }

    /// <summary>Stops a pull for all its listeners. Ollama has no such endpoint.</summary>
    internal static async Task<JsonResult<OllamaPullStatus>> Stop(HttpContext context, RequestReader reader, PullService pulls)
    {
        string model = OllamaRequest.ModelOf(OllamaRequest.Read<OllamaStopPullBody>(await reader.ReadAsync(context).ConfigureAwait(false)));
        return await pulls.StopAsync(model).ConfigureAwait(false)
            ? new(new("stopped"), OllamaJson.Wire.OllamaPullStatus)
            : throw new ApiException(StatusCodes.Status404NotFound, new($"Model '{Excerpt.Of(model)}' is not being pulled."));
    }

    /// <summary>Answers with one line for each status, or, if the request is not streamed, with the last status at the end.</summary>
    /// <param name="statuses">Starts the work. The last status is <c>success</c>.</param>
    internal static IResult Answer(HttpContext context, bool streams, Func<CancellationToken, IAsyncEnumerable<OllamaPullStatus>> statuses)
    {
        if (streams)
        {
            return new LineStreamResult(
                JsonEventWriter.NdjsonContentType,
                cancellationToken => statuses(cancellationToken).Select(static status => JsonSerializer.SerializeToUtf8Bytes(status, OllamaJson.Wire.OllamaPullStatus)),
                static error => JsonSerializer.SerializeToUtf8Bytes(OllamaError.From(error), OllamaJson.Wire.OllamaError));
        }

        // The padding shows whether the client is still there: if it has left, the request is aborted.
        return KeepAliveJsonResult.Of(
            cancellationToken => statuses(cancellationToken).LastAsync(cancellationToken).AsTask(), OllamaJson.Wire.OllamaPullStatus, context.RequestAborted);
    }

    /// <summary>Returns what a pull does, and <c>success</c> at its end.</summary>
    internal static async IAsyncEnumerable<OllamaPullStatus> StatusesAsync(PullAnswer answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (answer.Job is not { } job)
        {
            yield return new(answer.Note) { Model = answer.Model };
            yield return OllamaPullStatus.Success;
            yield break;
        }

        try
        {
            await foreach (PullProgress step in job.ListenAsync(cancellationToken).ConfigureAwait(false))
            {
                if (StatusOf(step, job) is { } status)
                    yield return status;
            }

            await job.Completion.ConfigureAwait(false);
            yield return OllamaPullStatus.Success;
        }
        finally
        {
            job.Leave();
        }
    }

    /// <summary>Returns the status for a step; <see langword="null"/> for none.</summary>
    private static OllamaPullStatus? StatusOf(PullProgress step, PullJob job) => step switch
    {
        { Note: { } note, Stage: PullStage.Planning } => new(note) { Size = step.Model is null ? 0 : job.TotalBytes, Model = step.Model },
        { Note: { } note } => new(note) { Model = step.Model },
        { Stage: PullStage.Planning } => new("pulling manifest"),
        { Stage: PullStage.Downloading, File: { } file } => new($"pulling {file.Digest?[7..19] ?? file.LocalPath}") { Digest = file.Digest, Total = file.Size, Completed = step.Completed },
        { Stage: PullStage.Verified } => new("verifying sha256 digest"),
        { Stage: PullStage.Writing } => new("writing manifest"),
        _ => null,
    };
}
