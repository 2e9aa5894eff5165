using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.Ollama.Models;

/// <summary>The endpoint <c>POST /api/create</c>: makes a model of another one, with other settings.</summary>
internal static class OllamaCreateEndpoint
{
    internal static async Task<IResult> Create(
        HttpContext context, RequestReader reader, ModelCatalog catalog, ModelManager models, PromptBuilderFactory prompts, PullService pulls, TimeProvider time)
    {
        OllamaCreateRequest request = await reader.ReadAsync(context, (json, budget) => Read(json, budget, time)).ConfigureAwait(false);
        string? source = catalog.Resolve(request.Source) ?? pulls.FindPresent(request.Source);
        PullAnswer? answer = source is null ? pulls.Start(request.Source, localName: null, origin: null) : null;
        context.Response.ReportIgnored(request.Ignored);
        return OllamaPullEndpoint.Answer(
            context, request.Stream, cancellationToken => StatusesAsync(request, source ?? answer!.Model, answer, catalog, models, prompts, cancellationToken));
    }

    /// <summary>Parses the body. Values that are not valid are refused here, before a download.</summary>
    /// <exception cref="PromptException">The template is not valid.</exception>
    private static OllamaCreateRequest Read(JsonElement json, CpuBudget budget, TimeProvider time)
    {
        OllamaCreateRequest request = OllamaCreateRequest.From(json);
        if (request.Change.Apply(Modelfile.Empty).Template is { } template)
            PromptBuilder.Load(new(request.Model) { Template = template, Mode = PromptMode.Text }, time, () => budget);
        return request;
    }

    /// <param name="answer">The pull of the model to make the new one of; <see langword="null"/> if the node has it.</param>
    private static async IAsyncEnumerable<OllamaPullStatus> StatusesAsync(
        OllamaCreateRequest request,
        string source,
        PullAnswer? answer,
        ModelCatalog catalog,
        ModelManager models,
        PromptBuilderFactory prompts,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (answer is not null)
        {
            await foreach (OllamaPullStatus status in OllamaPullEndpoint.StatusesAsync(answer, cancellationToken).ConfigureAwait(false))
            {
                if (status != OllamaPullStatus.Success)
                    yield return status;
            }
        }

        // Before the first line, so that a failure has its status. A template of the source that the request does not replace is checked, too.
        ModelEntry original = catalog.Find(source);
        await prompts.CheckTemplateAsync(original with { Modelfile = request.Change.Apply(original.Modelfile) }, cancellationToken).ConfigureAwait(false);
        string name = await models.CreateAsync(source, request.Model, request.Change.Apply, cancellationToken).ConfigureAwait(false);
        ModelEntry created = catalog.Find(name);
        yield return new($"using existing layer sha256:{OllamaModelEndpoints.DigestOf(catalog.Describe(created))}");
        yield return new($"creating new layer sha256:{OllamaModelEndpoints.DigestOf(Encoding.UTF8.GetBytes(ModelfileWriter.Write(created.Modelfile)))}");
        yield return new("writing manifest");
        yield return OllamaPullStatus.Success;
    }
}
