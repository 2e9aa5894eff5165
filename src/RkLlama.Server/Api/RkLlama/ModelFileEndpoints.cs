using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Hub.Pull;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>
/// The endpoints <c>POST /pull</c> and <c>DELETE /rm</c> (also <c>DELETE /remove</c>, which the client of the Python service calls). The client reads the progress
/// as lines of text: it replaces a line that ends with <c>%</c>, and prints the others.
/// </summary>
internal static class ModelFileEndpoints
{
    private const double MiB = 1 << 20;

    internal static async Task<LineStreamResult> Pull(HttpContext context, RequestReader reader, PullService pulls, PromptBuilderFactory prompts, NodeKeys keys)
    {
        PullBody body = RkLlamaBodyJson.Reader.Read<PullBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        if (body.Model is not { Length: > 0 } model)
            throw ApiException.BadRequest("Model not specified.", "model");
        string? name = body.ModelName is { Length: > 0 } given ? given : null;
        PullOrigin? origin = PullOrigin.Read(context, model, body.From, body.FromKey, body.Modelfile, keys);
        await GivenModelfile.CheckAsync(origin, prompts, context.RequestAborted).ConfigureAwait(false);
        PullAnswer answer = pulls.Start(model, name, origin);
        return new(
            "text/plain",
            cancellationToken => (answer.Job is { } job ? LinesAsync(job, cancellationToken) : Only($"{answer.Note}.")).Select(Encoding.UTF8.GetBytes),
            static error => Encoding.UTF8.GetBytes("Error: " + error.Reply.Error));
    }

    internal static async Task<JsonResult<MessageReply>> Remove(HttpContext context, RequestReader reader, ModelManager models)
    {
        RemoveBody body = RkLlamaBodyJson.Reader.Read<RemoveBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        if ((body.Model ?? body.ModelName) is not { Length: > 0 } model)
            throw ApiException.BadRequest("Please specify a model.", "model");
        try
        {
            await models.DeleteAsync(model).ConfigureAwait(false);
        }
        catch (ModelNotFoundException)
        {
            throw new ApiException(StatusCodes.Status404NotFound, new($"Model directory for '{Excerpt.Of(model)}' not found"));
        }

        return new(new("The model has been successfully deleted!"), RkLlamaJson.Wire.MessageReply);
    }

    private static IAsyncEnumerable<string> Only(string line) => new[] { line }.ToAsyncEnumerable();

    /// <summary>Returns the progress of a pull as lines of text.</summary>
    private static async IAsyncEnumerable<string> LinesAsync(PullJob job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            // This line is sent at once, because the client treats each status other than 200 as an error of the server.
            yield return $"Looking for {Excerpt.Of(job.Requested)}...";
            PlannedFile? file = null;
            int percent = -1;
            await foreach (PullProgress step in job.ListenAsync(cancellationToken).ConfigureAwait(false))
            {
                if (step.Note is { } note)
                    yield return note;
                if (step.Note is not null || step.File is null)
                    continue;
                if (step.File != file)
                {
                    (file, percent) = (step.File, -1);
                    yield return string.Create(CultureInfo.InvariantCulture, $"Downloading {file.LocalPath} ({file.Size / MiB:0.00} MB)...");
                }

                int now = file.Size == 0 ? 100 : (int)(step.Completed * 100 / file.Size);
                if (now != percent)
                    yield return string.Create(CultureInfo.InvariantCulture, $"{percent = now}%");
            }

            await job.Completion.ConfigureAwait(false);
            yield return $"Model {job.Name} is ready.";
        }
        finally
        {
            job.Leave();
        }
    }
}
