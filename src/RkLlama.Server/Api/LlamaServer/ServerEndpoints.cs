using RkLlama.Engine.Configuration;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>The endpoints that describe a model and the workers. They do not wait for runs or loads.</summary>
internal static class ServerEndpoints
{
    internal static async Task<JsonResult<PropsReply>> Props(string? model, ModelHost host, HttpContext context)
    {
        ModelInstance instance = host.Find(RequestedModel.Of(model, host));
        PromptBuilder prompts = await instance.Prompts.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        SamplingParameters sampling = instance.Engine.Sampling;
        GenerationDefaults defaults = new(instance.ContextLength, new(
            instance.MaxNewTokens, sampling.Temperature, sampling.TopK, sampling.TopP, sampling.RepeatPenalty, sampling.FrequencyPenalty, sampling.PresencePenalty));
        return new(
            new(
                defaults,
                Math.Max(1, Workers(host).Count(worker => worker.First.Name == instance.Name)),
                instance.Name,
                Path.GetFileName(instance.Entry.ModelPath),
                new(Vision: false, Audio: false),
                prompts.TemplateSource,
                $"rkllama-{BuildInfo.Version}"),
            LlamaServerJson.Wire.PropsReply);
    }

    internal static JsonResult<SlotReply[]> Slots(ModelHost host, HttpContext context)
    {
        SlotReply[] slots = [.. Workers(host).Select(static (worker, index) => new SlotReply(index, worker.Name, worker.ContextLength, Speculative: false, worker.State == ModelState.Running))];
        bool fails = context.Request.Query["fail_on_no_slot"] is [{ Length: > 0 }] && !Workers(host).Any(static worker => worker.State == ModelState.Ready);
        return fails
            ? throw new ApiException(StatusCodes.Status503ServiceUnavailable, new("No slot is free.")) { RetryAfterSeconds = 1 }
            : new(slots, LlamaServerJson.Wire.SlotReplyArray);
    }

    private static IEnumerable<ModelInstance> Workers(ModelHost host) =>
        host.Residents.Where(static resident => !resident.IsExtraSlot).SelectMany(static resident => resident.Workers).Select(static worker => worker.Model);
}
