using System.Globalization;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Creates the <see cref="RequestTrace"/> of the request, and adds headers to every response: the request's id and the node's name; the model's name, if a
/// model has run or is loaded; and the times, if a run has started.
/// </summary>
internal sealed class NodeHeadersMiddleware(RequestDelegate next, NodeOptions options, ModelHost host, ApiRegistry apis)
{
    private readonly string _node = Uri.EscapeDataString(options.NodeName);

    public Task InvokeAsync(HttpContext context)
    {
        RequestTrace trace = new(RequestId.Of(context))
        {
            IsBackground = RequestPriority.IsBackground(context.Request.Headers),
            CacheOwner = options.SharesKvCaches ? null : CacheOwner.Of(context),
        };
        context.TraceIdentifier = trace.Id;
        context.Features.Set(trace);

        // The headers are added when the response starts, because an error response clears headers that were set before.
        context.Response.OnStarting(() =>
        {
            Add(context.Response.Headers, trace);
            if (apis.Find(context)?.RequestIdHeader is { } name)
                context.Response.Headers[name] = trace.Id;
            return Task.CompletedTask;
        });
        return next(context);
    }

    private void Add(IHeaderDictionary headers, RequestTrace trace)
    {
        headers[RequestId.Header] = trace.Id;
        headers[RkLlamaHeaders.Node] = _node;

        // If the request has run a model, the header names this model, because another one may be loaded now. Otherwise it names the loaded model.
        if ((trace.Start is null ? host.Current?.Name : trace.Model) is { } model)
            headers[RkLlamaHeaders.Model] = Uri.EscapeDataString(model);
        if (trace.Timings is { } timings)
            headers[RkLlamaHeaders.Timing] = string.Create(CultureInfo.InvariantCulture, $"{Start(timings.Queue, timings.Load)}, prefill;dur={timings.Prefill.TotalMilliseconds:0.#}, decode;dur={timings.Decode.TotalMilliseconds:0.#}, total;dur={timings.Total.TotalMilliseconds:0.#}");
        else if (trace.Start is { } start)
            headers[RkLlamaHeaders.Timing] = Start(start.Queue, start.Load);
    }

    private static string Start(TimeSpan queue, TimeSpan load) =>
        string.Create(CultureInfo.InvariantCulture, $"queue;dur={queue.TotalMilliseconds:0.#}, load;dur={load.TotalMilliseconds:0.#}");
}
