using System.Globalization;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>Says in the headers of every answer who answered: the node, its model, the request's id, and where the time went.</summary>
internal sealed class NodeHeadersMiddleware(RequestDelegate next, NodeOptions options, ModelHost host)
{
    private readonly string _node = Uri.EscapeDataString(options.NodeName);

    public Task InvokeAsync(HttpContext context)
    {
        RequestTrace trace = new(RequestId.Of(context));
        context.TraceIdentifier = trace.Id;
        context.Features.Set(trace);

        // Not before: an error clears the headers.
        context.Response.OnStarting(() =>
        {
            Add(context.Response.Headers, trace);
            return Task.CompletedTask;
        });
        return next(context);
    }

    private void Add(IHeaderDictionary headers, RequestTrace trace)
    {
        headers[RequestId.Header] = trace.Id;
        headers[RkLlamaHeaders.Node] = _node;

        // The model of a run is the one that ran, whatever is loaded by now.
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
