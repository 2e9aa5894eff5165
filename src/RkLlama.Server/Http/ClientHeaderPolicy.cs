using Microsoft.AspNetCore.Routing.Matching;

namespace RkLlama.Server.Http;

/// <summary>
/// Selects one of two endpoints with the same path and method: that of the API whose <see cref="IApi.ClientHeader"/> the request has, else that of an API without
/// such a header.
/// </summary>
internal sealed class ClientHeaderPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>After the policy for methods.</summary>
    public override int Order => 0;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(static endpoint => ApiOf(endpoint)?.ClientHeader is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        bool isNamed = Valid(candidates).Any(index => IsNamed(index));
        bool hasOthers = Valid(candidates).Any(index => ApiOf(candidates[index].Endpoint)?.ClientHeader is null);
        foreach (int index in Valid(candidates).ToArray())
        {
            bool needsHeader = ApiOf(candidates[index].Endpoint)?.ClientHeader is not null;
            if (isNamed ? !IsNamed(index) : needsHeader && hasOthers)
                candidates.SetValidity(index, false);
        }

        return Task.CompletedTask;

        bool IsNamed(int index) => ApiOf(candidates[index].Endpoint)?.IsNamedBy(httpContext.Request) == true;
    }

    private static IEnumerable<int> Valid(CandidateSet candidates) => Enumerable.Range(0, candidates.Count).Where(candidates.IsValidCandidate);

    private static IApi? ApiOf(Endpoint endpoint) => endpoint.Metadata.GetMetadata<IApi>();
}
